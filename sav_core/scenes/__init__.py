"""Drawn pictures with known answers."""
