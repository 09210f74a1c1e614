"""The commands of retrieval."""
