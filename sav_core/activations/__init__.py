"""What is read from, or written into, a running model."""
