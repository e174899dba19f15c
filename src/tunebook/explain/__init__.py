"""Explanations: which parts of a text an answer hangs on, and how faithful that is."""
