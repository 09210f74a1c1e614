"""Classify: new pictures, and how far to believe the answers."""
