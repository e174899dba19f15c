"""Delimited text into columns, with the line number of every row.

Lines without quotes are cut by vectorised operations on the whole file; the others go through Python's csv module,
which follows quotes over line ends.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.dialect import (
    NO_DELIMITER,
    Dialect,
    column_names,
    find_delimiter,
    is_header,
    sample_text,
    wraps_cells,
)
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

_SHARE = 100  # a width that at least one row in this many has is no accident
_END = "\x1eend of file\x1e"


@dataclass(frozen=True)
class Cells:
    """A delimited file, cut.

    Attributes:
        table: the columns, all of strings.
        rows: line number of each row.
        read: rows in the file, faulty ones included.
        ragged: line number -> cells found, of rows with the wrong number of cells; they are not in the table.
        notes: what was found out of the file (`delimiter`, `quotes`, `header`, `uneven`).
    """

    table: pa.Table
    rows: Numbers
    read: int
    ragged: dict[int, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """Rows of the same number of cells: their columns and line numbers."""

    columns: list[pa.Array]
    lines: Numbers

    @property
    def width(self) -> int:
        return len(self.columns)


def read_delimited(data: bytes, path: Path, kind: str, options: DataOptions) -> Cells:
    """Cut the UTF-8 text of a delimited file into columns.

    Raises:
        DataError: `data.quote`, a quote opens and never closes; `data.header_only`.
    """
    dialect = _dialect(data, kind, options)
    parts = _cut(data, dialect, path)
    if not parts:
        raise DataError("data.empty", key=str(path))
    first, head = _first_rows(parts)
    header = options.header if options.header is not None else is_header(first, head)
    notes = {"delimiter": dialect.delimiter, "quotes": "csv" if dialect.quoted else "literal"}
    width = len(first) if header else _usual_width(parts, dialect.delimiter, notes)
    cells = _assemble(parts, width, column_names(first if header else None, width), header)
    if cells.read == 0:
        raise DataError("data.header_only", key=str(path))
    notes["header"] = "yes" if header else "no"
    return Cells(cells.table, cells.rows, cells.read, cells.ragged, notes)


def _dialect(data: bytes, kind: str, options: DataOptions) -> Dialect:
    sample = sample_text(data)
    delimiter = options.delimiter or find_delimiter(sample, kind)
    if options.quotes != "auto":
        return Dialect(delimiter, options.quotes == "csv")
    if delimiter == " " or b'"' not in data:
        return Dialect(delimiter, False)
    text = data.decode("utf-8") if delimiter == "\t" else sample
    return Dialect(delimiter, wraps_cells(text, delimiter) and (kind != "txt" or delimiter != NO_DELIMITER))


def _cut(data: bytes, dialect: Dialect, path: Path) -> list[_Part]:
    """Rows by their number of cells. Lines without a quote are cut all at once; a quote needs the csv module."""
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data))
    lines = pc.split_pattern(whole, "\n").flatten()
    plain = _array(pc.not_equal(pc.utf8_trim_whitespace(lines), ""))
    parts: list[_Part] = []
    if dialect.quoted:
        starts = np.flatnonzero(_array(pc.match_substring(lines, '"')))
        parts = _quoted(lines, starts, plain, dialect.delimiter, path)
    places = np.flatnonzero(plain)
    return parts + _plain(lines.take(pa.array(places)), (places + 1).astype(np.int64), dialect.delimiter)


def _array(values: pa.Array) -> NDArray[Any]:
    return np.array(values.to_numpy(zero_copy_only=False))


def _plain(lines: pa.Array, numbers: Numbers, delimiter: str) -> list[_Part]:
    """Every line is a row, every delimiter ends a cell. A space cuts once."""
    limit = 1 if delimiter == " " else None
    widths = np.minimum(_array(pc.count_substring(lines, delimiter)), limit or sys.maxsize) + 1
    parts = []
    for width in np.unique(widths).tolist():
        places = np.flatnonzero(widths == width)
        mine = lines if len(places) == len(lines) else lines.take(pa.array(places))
        cells = pc.split_pattern(mine, delimiter, max_splits=limit).flatten()
        columns = [cells.take(pa.array(np.arange(place, len(cells), width))) for place in range(width)]
        parts.append(_Part(columns, numbers[places]))
    return parts


def _quoted(lines: pa.Array, starts: NDArray[Any], plain: NDArray[Any], delimiter: str, path: Path) -> list[_Part]:
    """Rows that begin in a line with a quote, which may go on over the next lines. Their lines are struck from `plain`.

    Raises:
        DataError: `data.quote`, a quote is still open at the end, or swallows whole rows on its way.
    """
    csv.field_size_limit(sys.maxsize)
    texts = lines.to_pylist() if len(starts) * 10 > len(lines) else lines
    place = 0

    def feed() -> Iterator[str]:
        nonlocal place
        while place < len(texts):
            line = texts[place]
            place += 1
            yield (line if isinstance(line, str) else line.as_py()) + "\n"
        yield _END

    reader = csv.reader(feed(), delimiter=delimiter)
    rows: dict[int, tuple[list[int], list[list[str]]]] = {}
    for start in starts.tolist():
        if start < place:
            continue
        place = start
        row = next(reader)
        if row[-1].endswith(_END):
            raise DataError("data.quote", key=str(path), line=start + 1 + sum(cell.count("\n") for cell in row[:-1]))
        if place - start > 2 and _swallows(row, delimiter):
            raise DataError("data.quote", key=str(path), line=start + 1)
        plain[start:place] = False
        numbers, found = rows.setdefault(len(row), ([], []))
        numbers.append(start + 1)
        found.append(row)
    return [
        _Part([pa.array(cells, pa.large_string()) for cells in zip(*found, strict=True)], np.array(numbers, np.int64))
        for numbers, found in rows.values()
    ]


def _swallows(row: list[str], delimiter: str) -> bool:
    """Whether a cell holds whole rows: most of its inner lines have as many delimiters as this row has."""
    for cell in row:
        inner = cell.split("\n")[1:-1]
        if inner and len(row) > 1 and sum(part.count(delimiter) == len(row) - 1 for part in inner) * 2 > len(inner):
            return True
    return False


def _first_rows(parts: list[_Part], count: int = 200) -> tuple[list[str], list[list[str]]]:
    """The first row of the file and some after it, whatever their widths."""
    found: list[tuple[int, list[str]]] = []
    for part in parts:
        cells = zip(*[column[: count + 1].to_pylist() for column in part.columns], strict=True)
        found.extend(zip(part.lines[: count + 1].tolist(), map(list, cells), strict=True))
    found.sort(key=lambda item: item[0])
    return found[0][1], [row for _, row in found[1 : count + 1]]


def _usual_width(parts: list[_Part], delimiter: str, notes: dict[str, str]) -> int:
    """Cells of a row in a file without a header: the commonest number.

    TAB-separated files may hold rows that go on with more columns (as STS-B does); where they are no accident, their
    number counts and the shorter rows end with empty cells.
    """
    counts = Counter[int]()
    for part in parts:
        counts[part.width] += len(part.lines)
    usual = max(counts, key=lambda width: (counts[width], width))
    wide = [width for width, rows in counts.items() if width > usual and rows >= max(5, counts.total() // _SHARE)]
    if not wide or delimiter != "\t":
        return usual
    notes["uneven"] = f"{usual}-{max(wide)}"
    return max(wide)


def _assemble(parts: list[_Part], width: int, names: list[str], header: bool) -> Cells:
    """One table in the order of the file; rows of another width are set aside as ragged."""
    counts = Counter({part.width: len(part.lines) for part in parts})
    usual = counts.most_common(1)[0][0]
    taken = {width} if header else {width, min(usual, width)}
    ragged = {line: p.width for p in parts if p.width not in taken for line in p.lines.tolist()}
    chosen = [part for part in parts if part.width in taken]
    numbers = np.concatenate([part.lines for part in chosen])
    table = pa.concat_tables([pa.Table.from_arrays(_padded(part.columns, width), names=names) for part in chosen])
    if len(chosen) > 1:
        order = np.argsort(numbers, kind="stable")
        table, numbers = table.combine_chunks().take(pa.array(order)), numbers[order]
    if header:
        table, numbers = table.slice(1), numbers[1:]
    return Cells(table, numbers, len(numbers) + len(ragged), dict(sorted(ragged.items())))


def _padded(columns: list[pa.Array], width: int) -> list[pa.Array]:
    missing = width - len(columns)
    return [*columns, *([pa.array([""] * len(columns[0]), pa.large_string())] * missing)]


__all__ = ["Cells", "read_delimited"]
