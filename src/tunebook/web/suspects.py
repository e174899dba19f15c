"""Labels that a run makes suspect, as long as nobody has put them right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebook.verbs.errors import read_errors
from tunebook.web.rows import labels_of

if TYPE_CHECKING:
    from tunebook.diagnosis.records import Suspect
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run


def suspects(book: Book, run: Run) -> dict[str, Suspect]:
    """Id of a row -> what speaks against its label, the likeliest first; rows that have another label by now, or are
    gone, are left out."""
    found = read_errors(run)
    doubted = {one.row: one for part in (found.suspects if found else []) for one in part.found}
    if found is None or found.content == book.data.content:
        return doubted
    now = labels_of(book.data, list(doubted))
    return {row: one for row, one in doubted.items() if now.get(row) == one.label}


__all__ = ["suspects"]
