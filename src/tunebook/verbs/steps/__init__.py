"""What tests, searches, races and pages are made of: books, plans, runs, training, answers."""
