"""The figures of the README and docs/: what the embedded model's heads are worth, and its function vectors."""
