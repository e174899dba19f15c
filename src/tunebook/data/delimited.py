"""Delimited text into columns, with the line number of every row.

Files without wrapping quotes are cut by vectorised operations on the whole file; the others go through Python's csv
module, which follows quotes over line ends.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

_CHUNK = 50_000
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
class _Records:
    """Rows grouped by the number of their cells: width -> columns, and line numbers."""

    columns: dict[int, list[pa.Array]]
    rows: dict[int, Numbers]


def read_delimited(data: bytes, path: Path, kind: str, options: DataOptions) -> Cells:
    """Cut the UTF-8 text of a delimited file into columns.

    Raises:
        DataError: `data.quote`, a quote opens and never closes; `data.header_only`.
    """
    sample = sample_text(data)
    dialect = _dialect(data, sample, kind, options)
    if dialect.quoted and b'"' in data:
        records = _by_csv(data, dialect.delimiter, path)
    else:
        records = _by_lines(data, dialect.delimiter)
    if not records.rows:
        raise DataError("data.empty", key=str(path))
    first, head = _first_rows(records)
    header = options.header if options.header is not None else is_header(first, head)
    notes = {"delimiter": dialect.delimiter, "quotes": "csv" if dialect.quoted else "literal"}
    width = len(first) if header else _usual_width(records, dialect.delimiter, notes)
    cells = _assemble(records, width, column_names(first if header else None, width), header)
    if cells.read == 0:
        raise DataError("data.header_only", key=str(path))
    notes["header"] = "yes" if header else "no"
    return Cells(cells.table, cells.rows, cells.read, cells.ragged, notes)


def _dialect(data: bytes, sample: str, kind: str, options: DataOptions) -> Dialect:
    delimiter = options.delimiter or find_delimiter(sample, kind)
    if options.quotes != "auto":
        return Dialect(delimiter, options.quotes == "csv")
    if delimiter == " " or b'"' not in data:
        return Dialect(delimiter, False)
    text = data.decode("utf-8") if delimiter == "\t" else sample
    return Dialect(delimiter, wraps_cells(text, delimiter) and (kind != "txt" or delimiter != NO_DELIMITER))


def _by_lines(data: bytes, delimiter: str) -> _Records:
    """Every line is a row, every delimiter ends a cell. A space cuts once."""
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data))
    lines = pc.split_pattern(whole, "\n").flatten()
    filled = np.flatnonzero(_array(pc.not_equal(pc.utf8_trim_whitespace(lines), "")))
    numbers = (filled + 1).astype(np.int64)
    lines = lines.take(pa.array(filled))
    limit = 1 if delimiter == " " else None
    widths = np.minimum(_array(pc.count_substring(lines, delimiter)), 1 if limit else sys.maxsize) + 1
    columns: dict[int, list[pa.Array]] = {}
    rows: dict[int, Numbers] = {}
    for width in np.unique(widths).tolist():
        places = np.flatnonzero(widths == width)
        mine = lines if len(places) == len(lines) else lines.take(pa.array(places))
        rows[width] = numbers[places]
        columns[width] = [mine] if width == 1 else _stride(pc.split_pattern(mine, delimiter, max_splits=limit), width)
    return _Records(columns, rows)


def _array(values: pa.Array) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _stride(lists: pa.Array, width: int) -> list[pa.Array]:
    cells = lists.flatten()
    return [cells.take(pa.array(np.arange(place, len(cells), width))) for place in range(width)]


def _by_csv(data: bytes, delimiter: str, path: Path) -> _Records:
    """Rows as the csv module reads them: a quote at the beginning of a cell wraps it."""
    csv.field_size_limit(sys.maxsize)
    chunks: dict[int, list[list[pa.Array]]] = {}
    rows: dict[int, list[int]] = {}
    pending: dict[int, list[list[str]]] = {}
    for line, row in _csv_rows(data, delimiter, path):
        width = len(row)
        rows.setdefault(width, []).append(line)
        pending.setdefault(width, []).append(row)
        if len(pending[width]) == _CHUNK:
            chunks.setdefault(width, []).append(_to_arrays(pending.pop(width)))
    for width, rest in pending.items():
        chunks.setdefault(width, []).append(_to_arrays(rest))
    columns = {width: [pa.concat_arrays(parts) for parts in zip(*found, strict=True)] for width, found in chunks.items()}
    return _Records(columns, {width: np.array(lines, dtype=np.int64) for width, lines in rows.items()})


def _to_arrays(rows: list[list[str]]) -> list[pa.Array]:
    return [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]


def _csv_rows(data: bytes, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row; a last row of our own shows whether a quote is still open."""
    text = io.TextIOWrapper(io.BytesIO(data + (b"" if data.endswith(b"\n") else b"\n") + _END.encode()), "utf-8", newline="")
    reader = csv.reader(text, delimiter=delimiter)
    line, width = 1, 0
    for row in reader:
        last, next_line = reader.line_num, reader.line_num + 1
        if row and row[-1].endswith(_END):
            if len(row) > 1 or row[0] != _END:
                opened = line + sum(cell.count("\n") for cell in row[:-1])
                raise DataError("data.quote", key=str(path), line=opened)
            return
        if any(cell and not cell.isspace() for cell in row):
            if last - line >= 2 and width > 1 and _swallows(row, delimiter, width):
                raise DataError("data.quote", key=str(path), line=line)
            width = width or len(row)
            yield line, row
        line = next_line


def _swallows(row: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell holds whole rows: most of its inner lines have as many delimiters as a row has."""
    for cell in row:
        inner = cell.split("\n")[1:-1]
        if inner and sum(part.count(delimiter) == width - 1 for part in inner) * 2 > len(inner):
            return True
    return False


def _first_rows(records: _Records, count: int = 200) -> tuple[list[str], list[list[str]]]:
    """The first row of the file and some after it, whatever their widths."""
    found: list[tuple[int, list[str]]] = []
    for width, columns in records.columns.items():
        cells = zip(*[column[: count + 1].to_pylist() for column in columns], strict=True)
        found.extend(zip(records.rows[width][: count + 1].tolist(), map(list, cells), strict=True))
    found.sort(key=lambda item: item[0])
    return found[0][1], [row for _, row in found[1 : count + 1]]


def _usual_width(records: _Records, delimiter: str, notes: dict[str, str]) -> int:
    """Cells of a row in a file without a header: the commonest number.

    TAB-separated files may hold rows that go on with more columns (as STS-B does); where they are no accident, their
    number counts and the shorter rows end with empty cells.
    """
    counts = {width: len(rows) for width, rows in records.rows.items()}
    usual = max(counts, key=lambda width: counts[width])
    if delimiter != "\t":
        return usual
    total = sum(counts.values())
    wide = [width for width, times in counts.items() if width > usual and times >= max(5, total // _SHARE)]
    if wide:
        notes["uneven"] = f"{usual}-{max(wide)}"
    return max([usual, *wide])


def _assemble(records: _Records, width: int, names: list[str], header: bool) -> Cells:
    """One table in the order of the file; rows of another width are set aside as ragged."""
    usual = max(records.rows, key=lambda key: len(records.rows[key]))
    taken = [width] if header else sorted({usual, width} & set(records.rows))
    first = min(int(rows[0]) for rows in records.rows.values())
    ragged = {
        line: key
        for key, rows in records.rows.items()
        if key not in taken
        for line in rows.tolist()
        if not (header and line == first)
    }
    parts = [_padded(records.columns[key], width) for key in taken if key in records.columns]
    numbers = np.concatenate([records.rows[key] for key in taken if key in records.rows])
    table = pa.concat_tables([pa.Table.from_arrays(part, names=names) for part in parts]).combine_chunks()
    if len(parts) > 1:
        order = np.argsort(numbers, kind="stable")
        table, numbers = table.take(pa.array(order)), numbers[order]
    if header:
        table, numbers = table.slice(1), numbers[1:]
    ordered = {line: ragged[line] for line in sorted(ragged)}
    return Cells(table, numbers, len(numbers) + len(ragged), ordered)


def _padded(columns: list[pa.Array], width: int) -> list[pa.Array]:
    empty = [pa.array([""] * len(columns[0]), pa.large_string())] if len(columns) < width else []
    return [*columns, *(empty * (width - len(columns)))]


__all__ = ["Cells", "read_delimited"]
