"""Is it good, and how sure are we: arrays only."""
