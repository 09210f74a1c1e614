"""Whole sets: listed, opened, brought to one scale, and what is odd about them said."""
