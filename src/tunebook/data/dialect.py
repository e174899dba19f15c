"""How a delimited file is written: what stands between cells, and what wraps and protects them."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from dataclasses import dataclass

from tunebook.data.options import DataOptions
from tunebook.data.quoting import badly_wrapped, protected

_CANDIDATES = ("\t", ",", ";", "|")
_FIRST = {"tsv": "\t", "csv": ",", "txt": "\t"}
_SAMPLE_BYTES = 1 << 18
_SAMPLE_ROWS = 200
_SEP_LINE = re.compile(rb'"?sep=(.)"?[ \t]*(?=\n|$)', re.IGNORECASE)
# Never found in text: the delimiter of files that have a single column.
NO_DELIMITER = "\x1f"


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: stands between cells; a blank cuts each line once where no quotes wrap cells.
        quoted: whether quotes wrap cells; else they are ordinary characters.
        backslash: characters that a backslash before them makes ordinary.
        told: that quotes wrap cells was told, not found out.
    """

    delimiter: str
    quoted: bool = False
    backslash: str = ""
    told: bool = False

    @property
    def once(self) -> bool:
        """Whether a line is cut at its first blank only (`LABEL some text`)."""
        return self.delimiter == " " and not self.quoted


def find_dialect(data: bytes, kind: str, options: DataOptions) -> Dialect:
    """How a file is written, as told, and else by its look."""
    sample = sample_text(data)
    delimiter = options.delimiter or find_delimiter(sample, kind)
    backslash = protected(sample, delimiter)
    if options.quotes == "literal" or (delimiter == " " and options.delimiter and options.quotes == "auto"):
        return Dialect(delimiter, False, backslash.replace('"', ""))
    if options.quotes == "csv" or '"' in backslash:
        return Dialect(delimiter, True, backslash, options.quotes == "csv")
    if b'"' not in data:
        return Dialect(delimiter, False, backslash)
    text = data.decode("utf-8") if delimiter == "\t" else sample
    wraps = wraps_cells(text, delimiter) and (kind != "txt" or delimiter != NO_DELIMITER)
    return Dialect(delimiter, wraps, backslash)


def without_sep_line(data: bytes) -> tuple[bytes, str | None]:
    """A file without the line `sep=;` by which Excel is told the delimiter, and that delimiter; its lines keep their
    numbers."""
    found = _SEP_LINE.match(data)
    return (data[found.end() :], found.group(1).decode("latin-1")) if found else (data, None)


def sample_text(data: bytes) -> str:
    """Whole lines from the beginning of a file."""
    if len(data) <= _SAMPLE_BYTES:
        return data.decode("utf-8")
    cut = data.rfind(b"\n", 0, _SAMPLE_BYTES)
    return data[: cut if cut > 0 else _SAMPLE_BYTES].decode("utf-8", "ignore")


def find_delimiter(text: str, kind: str) -> str:
    """The character that cuts the first rows into the same number of cells, two at least; NO_DELIMITER where none does.

    On a tie the usual one of the file's format wins, then the one that gives more cells. Lines that are wrapped in
    quotes from end to end may be cut at blanks, as R writes tables.
    """
    if _words_of_r(text):
        return " "
    usual = _FIRST.get(kind, ",")
    best, best_score = NO_DELIMITER, (0.0, False, 0)
    for candidate in _CANDIDATES:
        plain = _plain(text, candidate)
        good, bad = badly_wrapped(plain, candidate, False)
        if bad > good and candidate != "\t":  # in TAB-separated files quotes may be plain characters
            continue
        widths = [len(row) for row in _rows(plain, candidate)] or [0]
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


def _words_of_r(text: str) -> bool:
    """Whether the lines are cells in quotes (or numbers, NA) with a blank between them, the same number in each but
    the first: a table of R."""
    lines = [line for line in text.split("\n")[:_SAMPLE_ROWS] if line]
    cell = r'(?:"(?:[^"\\]|\\.|"")*"|[^" ]+)'
    whole = re.compile(rf'(?="){cell}(?: {cell})+')
    if len(lines) < 3 or not all(map(whole.fullmatch, lines)):
        return False
    first, *rest = [len(re.findall(cell, line)) for line in lines]
    return len(set(rest)) == 1 and rest[0] - first in (0, 1)


def _plain(text: str, delimiter: str) -> str:
    """A text without the characters that a backslash protects."""
    for char in protected(text, delimiter):
        text = text.replace(f"\\{char}", "")
    return text


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The first rows, cut."""
    csv.field_size_limit(sys.maxsize)  # a cell may be as long as it likes
    stream = io.StringIO(text, newline="")
    rows = []
    if delimiter == "\t":
        reader = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(stream, delimiter=delimiter)
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


__all__ = [
    "NO_DELIMITER",
    "Dialect",
    "find_delimiter",
    "find_dialect",
    "sample_text",
    "without_sep_line",
    "wraps_cells",
]
