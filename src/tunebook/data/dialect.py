"""How a delimited file is written: what stands between cells, whether quotes wrap them, whether a header names them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.data.names import known

_CANDIDATES = ("\t", ",", ";", "|")
_FIRST = {"tsv": "\t", "csv": ",", "txt": "\t"}
_SAMPLE_BYTES = 1 << 18
_SAMPLE_ROWS = 200
# Never found in text: the delimiter of files that have a single column.
NO_DELIMITER = "\x1f"


@dataclass(frozen=True)
class Dialect:
    """Delimiter and quoting of a file; `quoted` False keeps quotes as ordinary characters."""

    delimiter: str
    quoted: bool


def sample_text(data: bytes) -> str:
    """Whole lines from the beginning of a file."""
    if len(data) <= _SAMPLE_BYTES:
        return data.decode("utf-8")
    cut = data.rfind(b"\n", 0, _SAMPLE_BYTES)
    return data[: cut if cut > 0 else _SAMPLE_BYTES].decode("utf-8", "ignore")


def find_delimiter(text: str, kind: str) -> str:
    """The character that cuts the first rows into the same number of cells, two at least; NO_DELIMITER where none does.

    On a tie the usual one of the file's format wins, then the one that gives more cells.
    """
    usual = _FIRST.get(kind, ",")
    best, best_score = NO_DELIMITER, (0.0, False, 0)
    for candidate in _CANDIDATES:
        widths = [len(row) for row in _rows(text, candidate)]
        width, times = Counter(widths).most_common(1)[0]
        if width < 2:
            continue
        score = (round(times / len(widths), 2), candidate == usual, width)
        if score > best_score:
            best, best_score = candidate, score
    if best_score[0] >= 0.9:
        return best
    first = text.lstrip("\n").split("\n", 1)[0]
    return usual if kind in ("csv", "tsv") and usual in first else NO_DELIMITER


def _rows(text: str, delimiter: str) -> list[list[str]]:
    stream = io.StringIO(text, newline="")
    if delimiter == "\t":
        reader = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(stream, delimiter=delimiter)
    rows = []
    for row in reader:
        if row:
            rows.append(row)
        if len(rows) == _SAMPLE_ROWS:
            break
    return rows


def wraps_cells(text: str, delimiter: str) -> bool:
    """Whether quotes wrap cells. In TAB-separated files they often are plain characters of the text.

    They are plain when some cell opens with a quote and does not end with one, though its line has as many cells as
    the others: nothing was wrapped there.
    """
    if delimiter != "\t":
        return True
    lines = [line for line in text.split("\n") if line]
    width = Counter(line.count(delimiter) for line in lines).most_common(1)[0][0]
    well_formed = re.compile(r'"(?:[^"]|"")*"')
    for line in lines:
        if '"' in line and line.count(delimiter) == width:
            cells = line.split(delimiter)
            if any(cell.startswith('"') and not well_formed.fullmatch(cell) for cell in cells):
                return False
    return True


def is_header(first: Sequence[object], rest: Sequence[Sequence[object]]) -> bool:
    """Whether the first row names the columns.

    It does when it holds two names that columns usually have, or one and no number. It does not when a cell is empty,
    a number, very long, or comes again further down its column. Otherwise it does when there are several columns, all
    named differently.
    """
    cells = ["" if cell is None else str(cell).strip() for cell in first]
    names = sum(known(cell) for cell in set(cells))
    if not any(cells) or (len(set(cells)) < len(cells) and names < 2):
        return False
    if any(len(cell) > 60 for cell in cells) or (names < 2 and any(map(_number, cells))):
        return False
    if names:
        return True
    if "" in cells or len(cells) < 2 or not rest:
        return False
    columns = zip(*[row for row in rest if len(row) == len(cells)], strict=False)
    return all(cell not in map(str, column) for cell, column in zip(cells, columns, strict=False))


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def column_names(first: Sequence[object] | None, width: int) -> list[str]:
    """Names of the columns: the header's, made different where they repeat; c1, c2, ... where there is none."""
    names: list[str] = []
    for number in range(width):
        given = "" if first is None or number >= len(first) or first[number] is None else str(first[number]).strip()
        name, again = given or f"c{number + 1}", 2
        while name in names:
            name, again = f"{given or f'c{number + 1}'}_{again}", again + 1
        names.append(name)
    return names


__all__ = ["NO_DELIMITER", "Dialect", "column_names", "find_delimiter", "is_header", "sample_text", "wraps_cells"]
