"""Rows that have changed since a run was made of them: what is told of the run holds for the rows that it saw."""

from __future__ import annotations

from tunebook.core.messages import say
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run


def rows_moved(book: Book, run: Run) -> list[str]:
    """That a run is of other rows than the book has in force, in words; nothing where it is not."""
    if run.plan.data == book.data.content:
        return []
    was = next((f"v{number}" for number, ref in book.data_versions.items() if ref.content == run.plan.data), "")
    return [say("errors.moved", run=run.id, was=was or run.plan.data_path, now=f"v{book.file.data}")]


__all__ = ["rows_moved"]
