"""Sheets of a workbook (.xlsx) into columns: merged cells filled, formulas by the value that was saved with them."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.columns import to_column
from tunebook.data.heading import column_names, is_header
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

Grid = list[list[Any]]


def read_sheet(data: bytes, path: Path, options: DataOptions) -> tuple[pa.Table, Numbers, dict[str, str]]:
    """One sheet: its table, the sheet's row number of each row, and notes (`sheet`, `header`, `formulas`).

    Raises:
        DataError: `data.workbook`, the file is no workbook; `data.sheet`, there is no such sheet; `data.sheets`,
            several hold rows and none was named; `data.header_only`.
    """
    book = _open(data, path, values=False)
    sheet = _choose(book, path, options.sheet)
    formulas = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    source = _open(data, path, values=True)[sheet.title] if formulas else sheet
    grid = [list(row) for row in source.iter_rows(values_only=True)]
    _fill_merged(grid, sheet)
    lost = [place for place in formulas if source[place].value is None]
    notes = {"sheet": sheet.title, **({"formulas": ", ".join(lost[:5])} if lost else {})}
    numbers = [number for number, row in enumerate(grid, start=1) if any(_filled(cell) for cell in row)]
    rows = _trimmed([grid[number - 1] for number in numbers])
    header = (
        options.header
        if options.header is not None
        else is_header([str(c or "") for c in rows[0]], [[str(c or "") for c in r] for r in rows[1:201]])
    )
    if header and len(rows) == 1:
        raise DataError("data.header_only", key=str(path))
    names = column_names(rows[0] if header else None, len(rows[0]))
    body = rows[1:] if header else rows
    columns = [to_column(list(column)) for column in zip(*body, strict=True)]
    notes["header"] = "yes" if header else "no"
    return pa.Table.from_arrays(columns, names=names), np.array(numbers[header:], dtype=np.int64), notes


def _open(data: bytes, path: Path, values: bool) -> Any:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles that it does not know
            return load_workbook(io.BytesIO(data), data_only=values)
    except Exception as error:  # openpyxl raises whatever its parsers do: KeyError, BadZipFile, ParseError ...
        raise DataError("data.workbook", key=str(path), reason=str(error)) from error


def _choose(book: Any, path: Path, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is not None:
        if name not in sheets:
            raise DataError("data.sheet", key=str(path), value=name, allowed=", ".join(sheets))
        return sheets[name]
    filled = [title for title, sheet in sheets.items() if any(_filled(c) for r in sheet.values for c in r)]
    if not filled:
        raise DataError("data.empty", key=str(path))
    if len(filled) > 1:
        raise DataError("data.sheets", key=str(path), value=len(filled), allowed=", ".join(filled))
    return sheets[filled[0]]


def _fill_merged(grid: Grid, sheet: Any) -> None:
    """Every cell of a merged range holds what stands in it; but a range across columns, a heading, is left alone."""
    for span in sheet.merged_cells.ranges:
        if span.min_col == span.max_col:
            value = grid[span.min_row - 1][span.min_col - 1]
            for row in range(span.min_row - 1, min(span.max_row, len(grid))):
                grid[row][span.min_col - 1] = value


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _trimmed(rows: Grid) -> Grid:
    """Without columns that are empty everywhere at the right end."""
    width = max(place for row in rows for place, cell in enumerate(row, start=1) if _filled(cell))
    return [row[:width] for row in rows]


__all__ = ["read_sheet"]
