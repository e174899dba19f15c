"""Reports for people: HTML with plots, and the model card."""
