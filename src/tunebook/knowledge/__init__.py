"""The change log of a book, and what all books on a machine have taught."""
