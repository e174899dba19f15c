"""A new model in front of users by stages, with the evidence that lets it go on or stops it."""
