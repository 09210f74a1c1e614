"""One measurement, and every form it is told in."""
