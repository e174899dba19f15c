"""Which rows belong together: the book's group column as numbers, for statistics that draw whole groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Roles
from tunebook.core.task import Rows
from tunebook.data.annotators import OWN


def group_codes(rows: Rows, roles: Roles) -> NDArray[np.int64] | None:
    """The number 0 .. G - 1 of each row's group, shape (N,); a row that names no group is one of its own.

    Spaces around a name do not count, as in the split by groups. None where the book has no group column, the rows
    have lost theirs, or every row is a group of its own: rows are then drawn one by one.
    """
    if roles.group is None:
        return None
    column = rows.other.get(f"source_{roles.group}" if roles.group in OWN else roles.group)
    if column is None:
        return None
    names = [_name(cell) or place for place, cell in enumerate(column)]  # a place is no name: it is not a text
    number = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] for name in names], dtype=np.int64) if len(number) < len(names) else None


def _name(cell: object) -> str:
    """A cell as the name of a group; empty where there is none."""
    return "" if cell is None or cell != cell else str(cell).strip()


__all__ = ["group_codes"]
