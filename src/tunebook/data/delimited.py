"""Delimited text into columns, with the line number of every row.

Lines without quotes are cut by vectorised operations, a few megabytes at a time; the others go through Python's csv
module, which follows quotes over line ends.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.conversations import ASKED
from tunebook.data.dialect import Dialect, find_dialect, without_sep_line
from tunebook.data.extra_rows import Cells, settled
from tunebook.data.heading import column_names, find_heading
from tunebook.data.kind import wants_chats
from tunebook.data.ledger import Numbers
from tunebook.data.lines import Lines
from tunebook.data.names import plain
from tunebook.data.options import DataOptions
from tunebook.data.quoting import Quoted, hide, show

_SHARE = 100  # a width that at least one row in this many has is no accident
_SAMPLE = 200


@dataclass(frozen=True)
class _Part:
    """Rows of the same number of cells: their columns and line numbers."""

    columns: list[pa.Array]
    lines: Numbers

    @property
    def width(self) -> int:
        return len(self.columns)

    def only(self, keep: NDArray[np.bool_]) -> _Part:
        """The rows for which `keep` holds."""
        return _Part([column.filter(pa.array(keep)) for column in self.columns], self.lines[keep])

    def with_rows(self, other: _Part) -> _Part:
        """With the rows of another part, in the order of the lines."""
        lines = np.concatenate((self.lines, other.lines))
        order = np.argsort(lines, kind="stable")
        both = [pa.concat_arrays(columns) for columns in zip(self.columns, other.columns, strict=True)]
        return _Part([column.take(pa.array(order)) for column in both], lines[order])

    def below(self, line: int) -> _Part:
        """The rows after a line."""
        return self.only(self.lines > line) if len(self.lines) and self.lines.min() <= line else self


def read_delimited(data: bytes, path: Path, kind: str, options: DataOptions, *, labelled: bool = True) -> Cells:
    """Cut the UTF-8 text of a delimited file into columns.

    Args:
        labelled: False for rows to predict, of which none is set aside: each is to be answered.

    Raises:
        DataError: `data.quote`, a quote opens and never closes; `data.header_only`; `data.second_heading`.
    """
    data, told = without_sep_line(data)
    options = options.model_copy(update={"delimiter": options.delimiter or told})
    dialect = find_dialect(data, kind, options)
    parts, opened, blank = _cut(hide(data, dialect.backslash) if dialect.backslash else data, dialect, path)
    filled, blank = _without_blank(parts, blank)
    if not filled:
        raise DataError("data.empty", key=str(path))
    lines, first = _first_rows(filled)
    single = all(part.width == 1 for part in parts)  # whose empty cells are in quotes: texts of nothing
    parts = parts if single and not labelled else filled
    heading = find_heading(first, options.header, options.text or _asked(first[0], options, labelled))
    notes = {"delimiter": dialect.delimiter, "quotes": "csv" if dialect.quoted else "literal"}
    body = [part.below(lines[heading.body - 1]) for part in parts] if heading.body else parts
    width = len(first[heading.place]) if heading.place is not None else _usual_width(parts, dialect.delimiter, notes)
    names = column_names(heading.cells or None, width)
    table, rows, ragged = _assemble([part for part in body if len(part.lines)], names, heading.place is not None)
    if not len(rows) and not ragged:
        raise DataError("data.header_only", key=str(path))
    table = show(table, dialect.backslash) if dialect.backslash else table
    cells = Cells(table, rows, ragged=ragged, opened=opened, notes=notes)
    return settled(cells, heading, lines, np.isin(rows - 1, blank), path=path, labelled=labelled)


def _asked(cells: list[str], options: DataOptions, labelled: bool) -> str | None:
    """The column of what is asked among the first cells, where prompts are wanted: a column alone is no usual name."""
    if labelled or not wants_chats(options):
        return None
    return next((cell for cell in cells if plain(cell) in ASKED), None)


def _cut(data: bytes, dialect: Dialect, path: Path) -> tuple[list[_Part], list[int], Numbers]:
    """Rows by their number of cells, part after part of the file; lines of quotes that swallow the next; blank lines.

    A quote needs the csv module; lines without one are cut all at once, beside it.
    """
    lines = Lines(data)
    plain = lines.filled()
    blank = np.flatnonzero(~plain) + 1
    quoted = Quoted(lines.texts, dialect.delimiter, path, told=dialect.told)
    starts = lines.holding(b'"') if dialect.quoted else np.zeros(0, np.int64)
    with ThreadPoolExecutor(pa.cpu_count()) as hands:
        found = []
        for first, last in lines.blocks():
            quoted.read(starts[slice(*np.searchsorted(starts, (first, last)))], plain)
            numbers = np.flatnonzero(plain[first:last]) + first
            found.append(hands.submit(_block, lines, numbers, quoted.taken(), dialect))
        return [part for parts in found for part in parts.result()], quoted.opened, blank


def _block(
    lines: Lines, numbers: Numbers, quoted: dict[int, tuple[list[int], list[list[str]]]], dialect: Dialect
) -> list[_Part]:
    """The rows of a part of the file: lines without a quote, and those that were read from quotes, in their order."""
    cut = lines.cells(numbers, dialect.delimiter, dialect.once) if len(numbers) else ()
    parts = {len(columns): _Part(columns, mine + 1) for mine, columns in cut}
    for width, (begun, rows) in quoted.items():
        columns = [pa.array(cells, pa.large_string()) for cells in zip(*rows, strict=True)]
        part = _Part(columns, np.array(begun, np.int64))
        parts[width] = parts[width].with_rows(part) if width in parts else part
    return list(parts.values())


def _array(values: pa.Array) -> NDArray[Any]:
    return np.array(values.to_numpy(zero_copy_only=False))


def _without_blank(parts: list[_Part], blank: Numbers) -> tuple[list[_Part], Numbers]:
    """Without rows that are nothing but delimiters, as sheets end; they count as blank lines."""
    kept, lines = [], [blank]
    for part in parts:
        empty = np.ones(len(part.lines), dtype=bool)
        for column in part.columns:
            if not empty.any():
                break
            empty &= _array(pc.equal(pc.utf8_trim_whitespace(column), ""))
        lines.append(part.lines[empty])
        part = part.only(~empty) if empty.any() else part
        kept += [part] if len(part.lines) else []
    return kept, np.concatenate(lines)


def _first_rows(parts: list[_Part]) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells, without spaces around them, of the first rows, whatever their widths.

    Where nearly all rows have one cell more than the first, and begin with different ones, R has put names of the rows
    before them: the first row gets an empty cell.
    """
    found: list[tuple[int, list[str]]] = []
    for part in parts:
        cells = zip(*[column[:_SAMPLE].to_pylist() for column in part.columns], strict=True)
        rows = [[cell.strip() for cell in row] for row in cells]
        found.extend(zip(part.lines[:_SAMPLE].tolist(), rows, strict=True))
    found.sort(key=lambda item: item[0])
    rows = [row for _, row in found[:_SAMPLE]]
    longer = [row[0] for row in rows[1:] if len(row) == len(rows[0]) + 1]
    if len(rows[0]) > 1 and len(longer) > 1 and len(set(longer)) == len(longer) >= 0.9 * (len(rows) - 1):
        rows[0] = ["", *rows[0]]
    return [line for line, _ in found[:_SAMPLE]], rows


def _usual_width(parts: list[_Part], delimiter: str, notes: dict[str, str]) -> int:
    """Cells of a row in a file without a header: the commonest number.

    TAB-separated files may hold rows that go on with more columns (as STS-B does); where they are no accident, their
    number counts and the shorter rows end with empty cells.
    """
    counts = _counts(parts)
    usual = max(counts, key=lambda width: (counts[width], width))
    wide = [width for width, rows in counts.items() if width > usual and rows >= max(5, counts.total() // _SHARE)]
    if not wide or delimiter != "\t":
        return usual
    notes["uneven"] = f"{usual}-{max(wide)}"
    return max(wide)


def _counts(parts: list[_Part]) -> Counter[int]:
    """Number of cells -> rows that have so many."""
    counts = Counter[int]()
    for part in parts:
        counts[part.width] += len(part.lines)
    return counts


def _assemble(parts: list[_Part], names: list[str], header: bool) -> tuple[pa.Table, Numbers, dict[int, int]]:
    """One table in the order of the file, its line numbers, and the rows of another width by their lines."""
    width = len(names)
    counts = _counts(parts)
    usual = max(counts, key=lambda number: (counts[number], -number), default=width)
    taken = {width} if header else {width, min(usual, width)}
    ragged = {line: p.width for p in parts if p.width not in taken for line in p.lines.tolist()}
    chosen = [part for part in parts if part.width in taken]
    if not chosen:
        empty = [pa.array([], pa.large_string())] * width
        return pa.Table.from_arrays(empty, names=names), np.zeros(0, np.int64), dict(sorted(ragged.items()))
    numbers = np.concatenate([part.lines for part in chosen])
    table = pa.concat_tables([pa.Table.from_arrays(_padded(part.columns, width), names=names) for part in chosen])
    if (np.diff(numbers) < 0).any():
        order = np.argsort(numbers, kind="stable")
        table, numbers = table.combine_chunks().take(pa.array(order)), numbers[order]
    return table, numbers, dict(sorted(ragged.items()))


def _padded(columns: list[pa.Array], width: int) -> list[pa.Array]:
    missing = width - len(columns)
    return [*columns, *([pa.repeat(pa.scalar("", pa.large_string()), len(columns[0]))] * missing)]


__all__ = ["read_delimited"]
