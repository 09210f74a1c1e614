"""Measure: a test set, and what it says of the classifier."""
