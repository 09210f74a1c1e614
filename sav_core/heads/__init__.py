"""Head vectors become a classifier: arrays only, no model."""
