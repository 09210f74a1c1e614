"""The top of every page: models, project, code."""
