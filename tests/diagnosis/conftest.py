"""The small books that all tests of this folder share."""

from tests.books import base, book, trained

__all__ = ["base", "book", "trained"]
