"""Tables as CSV, safe to open in a spreadsheet.

A spreadsheet runs a text cell that begins with `=`, `+`, `-` or `@` as a formula. Such texts are written behind an
apostrophe, which reading takes off again; a text that begins with apostrophes and one of these gets one more.
"""

from __future__ import annotations

import csv
import io
import re

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.grid import Cell, to_cells

_RISKY = re.compile(r"'*[=+\-@＝＋－＠]")
_FORMULA = re.compile(r"\s*[=＝]")


def parse_csv(text: str, path: str) -> list[list[str]]:
    """Cells of a CSV text; the delimiter is the comma, semicolon or tab that its line of headings has most of.

    Raises:
        TableError: `table.broken` for an open quote, `table.formula` for a cell that is a formula.
    """
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells: list[list[str]] = []
    try:
        for row in reader:
            for cell in row:
                if _FORMULA.match(cell):
                    raise TableError("table.formula", key=path, value=cell, cell=f"#{len(cells) + 1}")
            cells.append([cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell for cell in row])
    except csv.Error as error:
        raise TableError("table.broken", key=path, line=reader.line_num, column=1, reason=str(error)) from error
    return cells


def csv_bytes(table: ParamTable) -> bytes:
    """A table as CSV in UTF-8 with a byte order mark, without which Excel would garble Chinese."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([_written(cell) for cell in row] for row in to_cells(table))
    return stream.getvalue().encode("utf-8-sig")


def _written(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        return f"'{cell}" if _RISKY.match(cell) else cell
    return "" if cell is None else repr(cell)


__all__ = ["csv_bytes", "parse_csv"]
