"""The HuggingFace Space as its Spacefile describes it."""
