"""The server: one address in front of the versions of a book's model."""
