"""Files of any origin become examples."""
