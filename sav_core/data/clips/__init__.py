"""Videos and animated pictures become clips: a few frames of each, decoded in a process of its own."""
