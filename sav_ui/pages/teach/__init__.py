"""Teach: labels, examples, and the heads that know them."""
