"""The verbs: each one function in one file, reading files and writing new ones."""
