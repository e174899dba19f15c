"""Plots as SVG that take their colours from the page: one kind of plot a file."""
