"""A table as a grid of cells: CSV and XLSX.

The first row that is not empty holds the headings. A row that begins with `#` is a fact of the table (`# version`,
`# parent`, `# note`, `# owner`, `# created`, or the Chinese words for these) or, if it is none of these, a comment: of
the row right below it, else of the table. The first sheet of a workbook holds the table.

A spreadsheet runs a text cell that begins with `=`, `+`, `-` or `@` as a formula. In CSV such texts are written behind
an apostrophe, which reading takes off again; a text that begins with apostrophes and one of these gets one more.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.files import delimiter_of
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.tables.document import Document, column, fact, fact_headings, given_row, headings, joined, known_headings
from tunebook.tables.make import Given

Cell = bool | int | float | str | None
_RISKY = re.compile(r"'*[=+\-@＝＋－＠]")
_FORMULA = re.compile(r"\s*[=＝]")
_WIDTHS = (30, 16, 16, 16, 60, 60, 10)
_LONGEST = 32767


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


def parse_csv(text: str, path: str) -> list[list[str]]:
    """Cells of a CSV text; the delimiter is the comma, semicolon or tab that its line of headings has most of.

    Raises:
        TableError: `table.broken` for an open quote, `table.formula` for a cell that is a formula.
    """
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(next(lines, "")), strict=True)
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


def parse_xlsx(data: bytes, path: str) -> tuple[list[list[Any]], dict[int, str]]:
    """Cells of the first sheet, and number of a row (from 1) -> notes on its cells.

    Raises:
        TableError: `table.workbook` for a file that is no workbook, `table.merged` for merged cells, `table.formula`
            for a cell that holds a formula, `table.cell` for one that shows an error such as #REF!.
    """
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of every extension that it will not keep
            sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise TableError("table.workbook", key=path, reason=str(error) or type(error).__name__) from error
    if sheet.merged_cells.ranges:
        raise TableError("table.merged", key=path, cells=", ".join(str(area) for area in sheet.merged_cells.ranges))
    rows = list(sheet.iter_rows())
    comments: dict[int, str] = {}
    for number, row in enumerate(rows, 1):
        for cell in row:
            if cell.data_type in ("f", "e"):
                code = "table.formula" if cell.data_type == "f" else "table.cell"
                raise TableError(code, key=path, value=str(cell.value), cell=cell.coordinate)
            if cell.comment:
                comments[number] = "\n".join(filter(None, [comments.get(number), _note(cell.comment)]))
    return [[cell.value for cell in row] for row in rows], comments


def _note(comment: Any) -> str:
    """A note's own words, without the author's name and the preamble that Excel puts before them."""
    text = str(comment.text).removeprefix(f"{comment.author}:")
    return (text.partition("\nComment:")[2] or text).strip()


def xlsx_bytes(table: ParamTable) -> bytes:
    """A table as a workbook of one sheet; texts that look like formulas stay texts.

    Raises:
        TableError: `table.long` for a text that no cell can hold.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet = book.active
    for number, row in enumerate(to_cells(table), 1):
        for place, value in enumerate(row, 1):
            if isinstance(value, str) and len(value) > _LONGEST:
                raise TableError("table.long", key=str(row[0]), length=len(value), limit=_LONGEST)
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            cell = sheet.cell(number, place, repr(value) if numeric else value)
            if numeric:
                cell.data_type = "n"  # written by repr: openpyxl itself keeps 16 digits, a float has up to 17
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
    for cell, width in zip(sheet[1], _WIDTHS, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "B2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


__all__ = ["Cell", "csv_bytes", "from_cells", "parse_csv", "parse_xlsx", "to_cells", "xlsx_bytes"]
