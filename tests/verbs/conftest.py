"""The small books that all tests of this folder share."""

from tests.books import base, book, passes, proven, proven_path, trained

__all__ = ["base", "book", "passes", "proven", "proven_path", "trained"]
