"""The command that points."""
