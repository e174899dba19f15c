"""Sheets of a workbook (.xlsx) into columns: merged cells filled, formulas by the value that was saved with them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.cells import as_text
from tunebook.data.columns import to_column
from tunebook.data.extra_rows import Cells, settled
from tunebook.data.heading import column_names, find_heading
from tunebook.data.ledger import shown
from tunebook.data.options import DataOptions
from tunebook.data.workbook import Grid, Sheet, Workbook, letters_of

_SAMPLE = 200
_SHOWN = 5
Rows = list[list[Any]]


def read_sheet(data: bytes, path: Path, options: DataOptions, *, labelled: bool = True) -> Cells:
    """One sheet: its table, with the sheet's row number of each row.

    Args:
        labelled: False for rows to predict, of which none is set aside: each is to be answered.

    Raises:
        DataError: `data.workbook`, the file is no workbook; `data.sheet`, there is no such sheet; `data.sheets`,
            several hold rows and none was named; `data.hidden`, rows or columns are hidden and it was not said what to
            do with them; `data.header_only`.
    """
    book = Workbook(data, path)
    sheet = _choose(book, path, options.sheet)
    grid = book.grid(sheet)
    _fill_merged(grid)
    hidden = _heed_hidden(grid, path, sheet, options)
    numbers, columns, rows = _dense(grid)
    heading = find_heading([_words(row) for row in rows[:_SAMPLE]], options.header, options.text)
    body = rows[heading.body :]
    if heading.place is not None and not body:
        raise DataError("data.header_only", key=str(path))
    names = column_names(heading.cells or None, len(columns))
    table = pa.Table.from_arrays([to_column(_days(column)) for column in zip(*body, strict=True)], names=names)
    rows_at = np.array(numbers[heading.body :], dtype=np.int64)
    lost = _lost(grid, dict(zip(columns, names, strict=True)), len(body))
    cells = Cells(table, rows_at, notes={"sheet": sheet.name, **hidden, **_cell_notes(grid)}, lost=lost)
    return settled(cells, heading, numbers, ~np.isin(rows_at - 1, numbers), path=path, labelled=labelled)


def _choose(book: Workbook, path: Path, name: str | None) -> Sheet:
    """The sheet that is named, else the only one with rows; hidden ones (lists behind drop-downs) only where no other
    has any."""
    if name is not None:
        found = next((sheet for sheet in book.sheets if sheet.name == name), None)
        if found is None or not _filled_rows(book.grid(found)):
            allowed = ", ".join(sheet.name for sheet in book.sheets)
            raise DataError("data.sheet", key=str(path), value=name, allowed=allowed)
        return found
    for group in ([s for s in book.sheets if not s.hidden], [s for s in book.sheets if s.hidden]):
        filled = [sheet for sheet in group if _filled_rows(book.grid(sheet))]
        if len(filled) > 1:
            raise DataError("data.sheets", key=str(path), value=len(filled), allowed=", ".join(s.name for s in filled))
        if filled:
            return filled[0]
    raise DataError("data.empty", key=str(path))


def _fill_merged(grid: Grid) -> None:
    """Every cell of a merged range holds what stands in it; but a range across columns, a heading, is left alone."""
    for first, column, last, end in grid.merged:
        value = grid.rows.get(first, {}).get(column)
        if column == end and value is not None:
            span = range(first, last + 1)
            for row in span if len(span) < len(grid.rows) else grid.rows:
                if row in grid.rows and row in span:
                    grid.rows[row][column] = value


def _heed_hidden(grid: Grid, path: Path, sheet: Sheet, options: DataOptions) -> dict[str, str]:
    """Take hidden rows and columns out, where told; a note of them where they are kept.

    Raises:
        DataError: `data.hidden`.
    """
    rows = sorted(row for row in grid.hidden_rows if row in grid.rows)
    used = {column for cells in grid.rows.values() for column in cells} if grid.hidden_columns else set()
    columns = sorted(column for column in used if any(column in part for part in grid.hidden_columns))
    if not rows and not columns:
        return {}
    what = "; ".join(filter(None, (shown(rows), ", ".join(map(letters_of, columns)))))
    if options.hidden is None:
        code = "data.filtered" if grid.filtered and not columns else "data.hidden"
        raise DataError(code, key=str(path), value=sheet.name, count=len(rows), columns=len(columns), what=what)
    if options.hidden == "drop":
        for row in rows:
            del grid.rows[row]
        for cells in grid.rows.values():
            for column in columns:
                cells.pop(column, None)
    return {f"hidden_{options.hidden}": what}


def _filled_rows(grid: Grid) -> list[int]:
    return [row for row, cells in grid.rows.items() if any(map(_filled, cells.values()))]


def _dense(grid: Grid) -> tuple[list[int], list[int], Rows]:
    """Row numbers and columns that have values, and the cells; of empty columns between others one is kept, since it
    divides tables that stand side by side."""
    numbers = sorted(_filled_rows(grid))
    used = sorted({column for row in numbers for column, cell in grid.rows[row].items() if _filled(cell)})
    columns: list[int] = []
    for column in used:
        between = range(columns[-1] + 1, column) if columns else ()
        if any(all(empty not in part for part in grid.hidden_columns) for empty in between):
            columns.append(column - 1)
        columns.append(column)
    return numbers, columns, [[grid.rows[row].get(column) for column in columns] for row in numbers]


def _filled(cell: Any) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _words(row: Sequence[Any]) -> list[str]:
    return [(as_text(cell) or "").strip() for cell in row]


def _days(column: Sequence[Any]) -> list[Any]:
    """Dates as such, where none in the column has a time of the day."""
    times = [cell for cell in column if isinstance(cell, datetime.datetime)]
    if not times or any(cell.time() != datetime.time() for cell in times):
        return list(column)
    return [cell.date() if isinstance(cell, datetime.datetime) else cell for cell in column]


def _cell_notes(grid: Grid) -> dict[str, str]:
    """Cells without a value that should have one."""
    found = {"formulas": grid.lost, "errors": grid.wrong}
    return {
        name: ", ".join(f"{letters_of(column)}{row}" for row, column in places[:_SHOWN])
        for name, places in found.items()
        if places
    }


def _lost(grid: Grid, names: dict[int, str], rows: int) -> tuple[str, ...]:
    """Columns whose cells are mostly formulas without a value."""
    columns = [column for _, column in grid.lost]
    return tuple(name for column, name in names.items() if columns.count(column) * 2 > rows)


__all__ = ["read_sheet"]
