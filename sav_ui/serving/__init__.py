"""Loaded models, shared by all visitors, and where they run."""
