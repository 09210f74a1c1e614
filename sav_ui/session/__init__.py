"""One visitor's work."""
