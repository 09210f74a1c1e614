"""Function vectors: relations, effects, analogies."""
