"""What single annotators said of the rows, in the words of the book's labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from tunebook.core.nouns import DataRef, Roles
from tunebook.data.cells import as_text
from tunebook.data.kind import column_kind
from tunebook.data.label_names import EMPTY

# Columns of prepared rows that are the book's own; a column of the file that is called so becomes `source_NAME`.
OWN = ("_id", "_row", "_file", "_split", "text", "pair", "label", "weight")


def annotator_columns(roles: Roles, names: Iterable[str]) -> list[str]:
    """The annotators' columns among those of prepared rows, where one called as a book's own has another name."""
    known = set(names)
    found = [f"source_{name}" if name in OWN else name for name in roles.annotators]
    return [name for name in found if name in known]


def votes(columns: Mapping[str, Sequence[Any]], data: DataRef) -> list[list[Any]]:
    """The votes on each row: one of every annotator who said something of it.

    Args:
        columns: all further columns of the rows; those of annotators are found by the book's roles.
    """
    said = [columns[name] for name in annotator_columns(data.roles, columns)]
    if not said:
        return [[] for _ in next(iter(columns.values()), ())]
    read = cache(lambda cell: _vote(cell, data))  # few cells differ, and rows are many
    cells = ([read(_plain(cell)) for cell in row] for row in zip(*said, strict=True))
    return [[vote for vote in row if vote is not None] for row in cells]


def _plain(cell: Any) -> str:
    """A cell as text; a list in the spelling of JSON."""
    return (as_text(cell) or "").strip()


def _vote(cell: str, data: DataRef) -> Any:
    """What a cell says; None where that is nothing."""
    if cell.lower() in EMPTY:
        return None
    return column_kind(data.labels.problem).vote(cell, data)


__all__ = ["OWN", "annotator_columns", "votes"]
