"""Challenge sets: rows of the user, changed so that the right answer is known, by capability."""
