"""Perturbations: a file each."""
