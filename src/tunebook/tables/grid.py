"""A table as a grid of cells: what CSV and XLSX share.

The first row that is not empty holds the headings. A row that begins with `#` is a fact of the table (`# version`,
`# parent`, `# note`, `# owner`, `# created`, or the Chinese words for these) or, if it is none of these, a comment: of
the row right below it, else of the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.tables.document import Document, given_row, joined
from tunebook.tables.headings import column, fact, fact_headings, headings, known_headings
from tunebook.tables.make import Given

Cell = bool | int | float | str | None


def from_cells(cells: Sequence[Sequence[Any]], path: str, comments: Mapping[int, str] | None = None) -> Document:
    """A document from rows of cells; a row's number in errors is its place, counted from 1.

    Args:
        comments: number of a row -> what is noted beside it.

    Raises:
        TableError: `table.empty`, `table.no_name`, `table.column`, `table.column_twice`, `table.headings_twice`,
            `table.nameless`, `table.cells`, `row.twice`.
    """
    filled = [(number, row) for number, row in enumerate(cells, 1) if any(not _empty(cell) for cell in row)]
    head = next((item for item in filled if not _remark(item[1])), None)
    if head is None:
        raise TableError("table.empty", key=path)
    columns = _columns(head[1], path)
    numbers: dict[int, str] = {}
    rows: dict[str, Given] = {}
    for number, row in filled:
        if _remark(row) or number == head[0]:
            continue
        name, given = _named(row, columns, number, path)
        if name in rows:
            first = next(place for place, other in numbers.items() if other == name)
            raise TableError("row.twice", key=name, first=f"#{first}", second=f"#{number}")
        rows[name], numbers[number] = given, name
    if not rows:
        raise TableError("table.empty", key=path)
    remarks = {number: row for number, row in filled if _remark(row)}
    return _annotated(Document(rows, _facts(remarks)), numbers, remarks, comments or {})


def _named(row: Sequence[Any], columns: list[str | None], number: int, path: str) -> tuple[str, Given]:
    found = _row(row, columns, number, path)
    name = str(found.pop("name", "")).strip()
    if not name:
        raise TableError("table.nameless", key=path, number=number)
    if column(name) == "name" and all(_empty(cell) or column(cell) for cell in row):
        raise TableError("table.headings_twice", key=path, number=number, value=name)
    if "." in name and not {"value", "recommended", "default"} & set(found):
        found["value"] = None  # an empty row switches no technique on; that is an error, not a default
    return name, given_row(found)


def _remark(row: Sequence[Any]) -> bool:
    """Whether the first cell that holds something begins with #: a fact of the table, or a comment."""
    first = next((cell for cell in row if not _empty(cell)), "")
    return str(first).lstrip().startswith(("#", "＃"))


def _words(row: Sequence[Any]) -> list[str]:
    cells = [str(cell).strip() for cell in row if not _empty(cell)]
    return [cells[0].lstrip("#＃ ").strip(), *cells[1:]]


def _fact_of(row: Sequence[Any]) -> str | None:
    """The fact that a remark states: `# note, smaller steps`."""
    words = _words(row)
    return fact(words[0]) if len(words) <= 2 else None


def _facts(remarks: Mapping[int, Sequence[Any]]) -> dict[str, Any]:
    stated = {_fact_of(row): [cell for cell in row if not _empty(cell)] for row in remarks.values()}
    return {name: cells[1] if len(cells) > 1 else "" for name, cells in stated.items() if name}


def _annotated(
    document: Document, numbers: Mapping[int, str], remarks: Mapping[int, Sequence[Any]], notes: Mapping[int, str]
) -> Document:
    """Comments kept: those right above a row, and notes on its cells, with the row; the others with the table."""
    plain = {number: ", ".join(filter(None, _words(row))) for number, row in remarks.items() if not _fact_of(row)}
    rows: dict[str, str] = {}
    rest = ""
    for number in sorted({*plain, *notes}):
        text = joined(plain.get(number), notes.get(number, ""))
        below = number
        while below in plain:
            below += 1
        if below in numbers:
            rows[numbers[below]] = joined(rows.get(numbers[below]), text)
        else:
            rest = joined(rest, text)
    return document.annotated(rows, rest)


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


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def to_cells(table: ParamTable) -> list[list[Cell]]:
    """Headings in the user's language, the table's facts, its rows: every cell text, number, truth or empty."""
    cells: list[list[Cell]] = [list(headings())]
    for name, heading in fact_headings().items():
        if getattr(table, name):
            cells.append([f"# {heading}", getattr(table, name)])
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
