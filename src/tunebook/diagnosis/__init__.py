"""Errors of a run: where they are, what they have in common, and whether data, training or model is their cause."""
