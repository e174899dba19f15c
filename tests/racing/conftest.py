"""The small books that the tests of this folder share."""

from tests.books import base, book

__all__ = ["base", "book"]
