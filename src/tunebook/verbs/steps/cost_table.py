"""What it costs to say one thing where another is true, from a CSV file; and numbers of cells."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import BookError
from tunebook.core.files import delimiter_of

LARGEST = 1e100  # the squares of larger numbers are infinite, and so would be every interval
_NAMED = 6  # of what is missing or too much


def number_of(cell: object) -> float | None:
    """A cell as a number; None where it is none."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        found = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if abs(found) <= LARGEST else None


def cost_table(path: Path, key: str, lines: Sequence[str], columns: Sequence[str]) -> NDArray[np.float64]:
    """The numbers of a CSV file by the names of its lines and columns; where both have one name none means 0.

    Raises:
        BookError: `business.costs`.
    """

    def wrong(reason: str) -> BookError:
        return BookError("business.costs", key=key, value=path.name, reason=reason, allowed=", ".join(columns))

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            rows = csv.reader(stream, delimiter=delimiter_of(first))
            read = [row for row in rows if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise wrong(str(error).splitlines()[0]) from error
    heads = [cell.strip() for cell in read[0][1:]] if read else []
    known = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in read[1:]}
    for names, there in ((columns, heads), (lines, [row[0].strip() for row in read[1:]])):
        lost = [f"− {name}" for name in names if name not in there]
        more = [f"+ {name}" for place, name in enumerate(there) if name not in names or name in there[:place]]
        if lost or more:
            raise wrong(", ".join([*lost, *more][:_NAMED]))
    found = np.zeros((len(lines), len(columns)))
    for line, name in enumerate(lines):
        for place, column in enumerate(columns):
            cells, where = known[name], heads.index(column)
            cell = cells[where] if where < len(cells) else ""
            number = 0.0 if not cell and name == column else number_of(cell)
            if number is None:
                raise wrong(f"{name} × {column}: {cell!r}")
            found[line, place] = number
    return found


__all__ = ["cost_table", "number_of"]
