"""Cells of a table cut where its heading says, without what is no row: headings again, totals, a legend below or
beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.columns import text_column
from tunebook.data.heading import Heading, is_number, repeated_names
from tunebook.data.ledger import Numbers
from tunebook.data.names import known
from tunebook.data.workers import places_where

_TAIL = 50  # rows; a legend is no longer
_TOTAL = re.compile(
    r"((grand|sub|over-?all|sum)[ -]?)?(totals?|sum|count|average|mean|subtotals?)|gesamt(summe|ergebnis)?|summe|somme|"
    r"total général|suma|итого|всего|合计|总计|总和|小计|总数|汇总|平均(值)?|計|合計|합계",
    re.IGNORECASE,
)


def set_aside(
    table: pa.Table, numbers: Numbers, names: Sequence[str], gaps: NDArray[np.bool_], path: Path
) -> tuple[pa.Table, Numbers, dict[str, list[int]]]:
    """A table without rows that repeat its heading, give totals, or stand below a blank row and are unlike the others.

    A single column is left as it is: any word may be a text.

    Args:
        numbers: row number of each row in the file.
        names: the cells of the heading, as written; empty where there is none.
        gaps: whether a blank row stands before each row.

    Returns:
        the table, its row numbers, and reason -> row numbers of what was taken out.

    Raises:
        DataError: `data.second_heading`, a row names the columns in another order, or other columns.
    """
    found: dict[str, list[int]] = {}
    if table.num_columns < 2:
        return table, numbers, found
    for reason in ("heading_again", "legend", "total"):  # each in the table that the one before it left
        if reason == "heading_again":
            places = _headings(table, numbers, names, path)
        else:
            places = _legend(table, gaps) if reason == "legend" else _totals(table)
        if places:
            found[reason] = numbers[places].tolist()
            keep = np.ones(len(numbers), dtype=bool)
            keep[places] = False
            table, numbers, gaps = table.filter(pa.array(keep)), numbers[keep], gaps[keep]
    return table, numbers, found


def _headings(table: pa.Table, numbers: Numbers, names: Sequence[str], path: Path) -> list[int]:
    """Places of rows that equal the heading."""
    wanted = [name for name in names if name and known(name)] or [name for name in names if name]
    if not wanted or not table.num_rows:
        return []
    again = []
    for place in _holding(table, wanted):
        cells = _cells(table, place)
        if cells == [*names]:
            again.append(place)
        elif len(wanted) > 1 and sorted(cells) == sorted(names):
            raise DataError("data.second_heading", key=str(path), line=int(numbers[place]), value=cells)
    return again


def _holding(table: pa.Table, words: Sequence[str]) -> list[int]:
    """Places of rows whose first filled column of text holds one of these words."""
    found: set[int] = set()
    names = pa.array(words, pa.large_string())
    for column in table.columns[:3]:
        hits = places_where(text_column(column), lambda cells: pc.is_in(pc.utf8_trim_whitespace(cells), names))
        found |= set(hits.tolist())
    return sorted(found)


def _cells(table: pa.Table, place: int) -> list[str]:
    values = [text_column(column.slice(place, 1))[0].as_py() for column in table.columns]
    return ["" if value is None else value.strip() for value in values]


def _legend(table: pa.Table, gaps: NDArray[np.bool_]) -> list[int]:
    """Places of the rows below a blank row near the end, where no column of classes has a class there that the table
    knows."""
    count = table.num_rows
    for start in np.flatnonzero(gaps).tolist():
        if 0 < count - start <= min(_TAIL, count // 5) and _is_legend(table, start):
            return list(range(start, count))
    return []


def _is_legend(table: pa.Table, start: int) -> bool:
    classes = [column for column in table.columns if _has_classes(column.slice(0, start))]
    for column in classes:
        words = pc.utf8_trim_whitespace(text_column(column))
        some = pc.drop_null(pc.unique(words.slice(0, start)))
        if pc.any(pc.is_in(words.slice(start), some.filter(pc.not_equal(some, "")))).as_py():
            return False
    return bool(classes)


def _has_classes(column: pa.ChunkedArray) -> bool:
    if pa.types.is_nested(column.type) or pa.types.is_null(column.type) or len(column) < 10:
        return False
    return bool(2 <= pc.count_distinct(column).as_py() * 3 <= len(column))


def _totals(table: pa.Table) -> list[int]:
    """Places of rows that begin with a word for a total and otherwise hold numbers, where the column has no others like
    them, or nothing."""
    places: set[int] = set()
    total = rf"(?i)^(?:{_TOTAL.pattern})\s*[:：]?$"
    for column in table.columns[:2]:
        hits = places_where(
            text_column(column), lambda cells: pc.match_substring_regex(pc.utf8_trim_whitespace(cells), total)
        )
        places |= set(hits.tolist())
    return [place for place in sorted(places) if _is_total(table, place)]


def _is_total(table: pa.Table, place: int) -> bool:
    cells = _cells(table, place)
    filled = [number for number, cell in enumerate(cells) if cell]
    rest = filled[1:]
    if not _TOTAL.fullmatch(cells[filled[0]].rstrip(":： ")) or not all(is_number(cells[number]) for number in rest):
        return False
    last = place >= table.num_rows - 3
    return (last and not rest) or any(_alone(table.column(number), cells[number]) for number in rest)


def _alone(column: pa.ChunkedArray, cell: str) -> bool:
    return bool(pc.sum(pc.equal(pc.utf8_trim_whitespace(text_column(column)), cell)).as_py() == 1)


def side_columns(table: pa.Table, names: Sequence[str]) -> list[str]:
    """Columns to the right of an empty one without a name that hold a small table of their own: fewer than half as many
    filled rows as the columns before it."""
    if table.num_columns < 4 or table.num_rows < 10:
        return []
    filled = [_filled(column) for column in table.columns]
    for place in range(2, table.num_columns - 1):
        named = place < len(names) and names[place]
        if not named and not filled[place] and max(filled[place + 1 :]) * 2 < max(filled[:place]):
            return list(table.column_names[place:])
    return []


def _filled(column: pa.ChunkedArray) -> int:
    if pa.types.is_nested(column.type):
        return int(len(column) - column.null_count)
    return int(pc.sum(pc.not_equal(pc.utf8_trim_whitespace(text_column(column)), "")).as_py() or 0)


@dataclass(frozen=True)
class Cells:
    """A file, cut into rows and columns.

    Attributes:
        table: the columns; all of strings where the file is text.
        rows: row number of each: the line of a text file, the row of a sheet.
        ragged: line -> cells found, of rows with the wrong number of cells; they are not in the table.
        opened: lines where a quote opens that swallowed the next line; they are not in the table.
        aside: reason -> rows, of what is neither heading nor data: titles, descriptions, totals, legends.
        notes: what was found out of the file: `header`, `header_row`, `repeated`, `beside`; `delimiter`, `quotes`,
            `uneven` of text; `twice` of JSON; `sheet`, `formulas`, `errors`, `hidden_keep`, `hidden_drop` of a sheet.
        lost: columns of formulas that were saved without their values.
    """

    table: pa.Table
    rows: Numbers
    ragged: dict[int, int] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    aside: dict[str, list[int]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Rows in the file, faulty ones and those set aside included."""
        return len(self.rows) + len(self.ragged) + len(self.opened) + sum(map(len, self.aside.values()))

    @property
    def faults(self) -> dict[str, dict[int, str]]:
        """Reason -> row number -> detail, of rows that are not in the table and are a fault."""
        ragged = {line: str(found) for line, found in self.ragged.items()}
        found = {"ragged": ragged, "open_quote": dict.fromkeys(self.opened, "")}
        return {reason: rows for reason, rows in found.items() if rows}


def settled(
    cells: Cells, heading: Heading, numbers: Sequence[int], gaps: NDArray[np.bool_], *, path: Path, labelled: bool
) -> Cells:
    """The rows below a heading without what stands beside and among them, and what is worth knowing of the heading.

    Args:
        numbers: row numbers of the rows among which the heading was found.
        gaps: whether a blank row stands before each row.
        labelled: False where each row is to be answered, so that none is set aside.

    Raises:
        DataError: `data.second_heading`.
    """
    beside = side_columns(cells.table, heading.cells)
    table, rows = cells.table.drop_columns(beside), cells.rows
    aside: dict[str, list[int]] = {}
    if labelled:
        table, rows, aside = set_aside(table, rows, heading.cells[: table.num_columns], gaps, path)
    aside |= {reason: [numbers[place] for place in places] for reason, places in heading.asides.items()}
    notes = cells.notes | _heading_notes(heading, numbers) | ({"beside": ", ".join(beside)} if beside else {})
    return replace(cells, table=table, rows=rows, aside=aside, notes=notes)


def _heading_notes(heading: Heading, numbers: Sequence[int]) -> dict[str, str]:
    if heading.place is None:
        return {"header": "no"}
    again = repeated_names(heading.cells)
    more = {"repeated": ", ".join(again[:10])} if again else {}
    return {"header": "yes", "header_row": str(numbers[heading.place]), **more}


__all__ = ["Cells", "set_aside", "settled", "side_columns"]
