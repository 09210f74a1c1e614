"""A checkpoint becomes a backbone that reads examples."""
