"""Voting rules that learn from the support, a module each."""
