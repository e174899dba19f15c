"""Pieces of networks and of training mathematics that several techniques share."""
