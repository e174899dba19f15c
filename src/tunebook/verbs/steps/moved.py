"""Rows that have changed since a run or a test was made of them: what is told of it holds for the rows that it saw."""

from __future__ import annotations

from tunebook.core.messages import say
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run


def rows_moved(book: Book, run: Run) -> list[str]:
    """That a run is of other rows than the book has in force, in words; nothing where it is not."""
    plan = run.plan
    return _moved(book, "errors.moved", plan.data, str(plan.data_path), run=run.id)


def arms_moved(book: Book, test: str, content: str) -> list[str]:
    """The same of a test.

    Args:
        test: its id; content: hash of the rows that its plan is of.
    """
    return _moved(book, "ab_page.moved", content, content, test=test)


def _moved(book: Book, code: str, content: str, otherwise: str, **about: str) -> list[str]:
    """Args: otherwise: what rows are called that no version holds."""
    if content == book.data.content:
        return []
    was = next((f"v{number}" for number, ref in book.data_versions.items() if ref.content == content), otherwise)
    return [say(code, was=was, now=f"v{book.file.data}", **about)]


__all__ = ["arms_moved", "rows_moved"]
