"""Tables as XLSX workbooks: the first sheet holds the table."""

from __future__ import annotations

import io
import warnings
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.grid import to_cells

_WIDTHS = (30, 16, 16, 16, 60, 60, 10)
_LONGEST = 32767


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
                comments[number] = "\n".join(filter(None, [comments.get(number), _words(cell.comment)]))
    return [[cell.value for cell in row] for row in rows], comments


def _words(comment: Any) -> str:
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


__all__ = ["parse_xlsx", "xlsx_bytes"]
