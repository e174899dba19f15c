"""Intervals and tests: how sure a score is."""
