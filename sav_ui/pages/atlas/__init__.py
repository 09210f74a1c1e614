"""The atlas: which heads know which tasks."""
