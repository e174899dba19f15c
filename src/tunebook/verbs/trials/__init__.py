"""What a search is made of: its space, its study, its trials, its engines."""
