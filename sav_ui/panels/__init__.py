"""The browser seam: HTML and figures out, events in."""
