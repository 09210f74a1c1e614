"""An untrusted ZIP becomes names and bytes, in whatever encoding the names were written."""
