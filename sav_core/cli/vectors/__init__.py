"""The commands of function vectors."""
