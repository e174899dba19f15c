"""A table as a grid of cells: what CSV and XLSX share.

The first row that is not empty holds the headings. A row whose name begins with `#` is a fact of the table
(`# version`, `# parent`, `# note`, `# owner`, `# created`) or, if it is none of these, a comment that is left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.tables.document import Document, given_row
from tunebook.tables.headings import FACTS, column, headings, known_headings
from tunebook.tables.make import Given

Cell = bool | int | float | str | None


def from_cells(cells: Sequence[Sequence[Any]], path: str) -> Document:
    """A document from rows of cells; a row's number in errors is its place, counted from 1.

    Raises:
        TableError: `table.empty`, `table.no_name`, `table.column`, `table.column_twice`, `table.nameless`,
            `table.cells`, `row.twice`.
    """
    filled = [(number, row) for number, row in enumerate(cells, 1) if any(not _empty(cell) for cell in row)]
    if not filled:
        raise TableError("table.empty", key=path)
    columns = _columns(filled[0][1], path)
    rows: dict[str, Given] = {}
    facts: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    for number, row in filled[1:]:
        found = _row(row, columns, number, path)
        name = str(found.pop("name", "")).strip()
        if not name:
            raise TableError("table.nameless", key=path, number=number)
        if name.startswith("#"):
            facts |= _fact(name, found)
        elif name in rows:
            raise TableError("row.twice", key=name, first=f"#{numbers[name]}", second=f"#{number}")
        else:
            if "." in name and not {"value", "recommended", "default"} & set(found):
                found["value"] = None  # an empty row switches no technique on; that is an error, not a default
            rows[name], numbers[name] = given_row(found), number
    if not rows:
        raise TableError("table.empty", key=path)
    return Document(rows, facts)


def _columns(row: Sequence[Any], path: str) -> list[str | None]:
    columns: list[str | None] = []
    for heading in row:
        name = column(heading)
        if name is None and not _empty(heading):
            known = [column(cell) for cell in row]
            code = "table.column" if "name" in known else "table.no_name"
            raise TableError(code, key=str(heading), allowed=known_headings(), path=path)
        if name in columns and name is not None:
            raise TableError("table.column_twice", key=name, path=path)
        columns.append(name)
    if "name" not in columns:
        raise TableError("table.no_name", key=str(row[0]), allowed=known_headings(), path=path)
    return columns


def _row(row: Sequence[Any], columns: list[str | None], number: int, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, cell in enumerate(row):
        if _empty(cell):
            continue
        name = columns[place] if place < len(columns) else None
        if name is None:
            raise TableError("table.cells", key=path, number=number, value=cell)
        found[name] = cell
    return found


def _fact(name: str, cells: dict[str, Any]) -> dict[str, Any]:
    key = name[1:].strip().lower()
    return {key: next(iter(cells.values()), "")} if key in FACTS else {}


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def to_cells(table: ParamTable) -> list[list[Cell]]:
    """Headings in the user's language, the table's facts, its rows: every cell text, number, truth or empty."""
    cells: list[list[Cell]] = [list(headings())]
    for fact in FACTS:
        if getattr(table, fact):
            cells.append([f"# {fact}", getattr(table, fact)])
    for name, row in table.rows.items():
        recommended = None if row.recommended is None else _cell(row.recommended)
        cells.append([name, _cell(row.value), _cell(row.default), recommended, row.description, row.reason, row.effect])
    width = len(cells[0])
    return [row + [None] * (width - len(row)) for row in cells]


def _cell(value: Value) -> Cell:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "none" if value is None else value


__all__ = ["Cell", "from_cells", "to_cells"]
