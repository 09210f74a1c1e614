"""Nearest examples, smaller vectors, and files for use elsewhere."""
