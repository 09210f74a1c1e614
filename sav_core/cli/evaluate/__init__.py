"""The command of evaluation."""
