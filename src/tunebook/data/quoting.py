"""How a delimited file protects quotes and delimiters inside its cells: doubled, or by a backslash."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError

_DOUBLED = re.compile(r'"(?:[^"]|"")*"')
_BACKSLASHED = re.compile(r'"(?:[^"\\]|\\.)*"')
# Stand for a protected character until the cells are cut: private characters that no text holds.
_MARKS = "\ue101\ue102\ue103"
_WINDOW = 32


def badly_wrapped(text: str, delimiter: str, backslash: bool) -> tuple[int, int]:
    """Cells that open with a quote: how many end as they should, and how many go on after their closing quote."""
    wrapped = _BACKSLASHED if backslash else _DOUBLED
    good = bad = 0
    for line in text.split("\n"):
        place = 0
        while place < len(line):
            if line[place] == '"' and (found := wrapped.match(line, place)):
                place = found.end()
                if place < len(line) and line[place] != delimiter:
                    bad += 1
                    break
                good += 1
            elif line[place] == '"' and backslash and '"' in line[place + 1 :]:
                bad += 1  # read so, it never closes, though there is a quote
                break
            place = line.find(delimiter, place)
            if place < 0:
                break
            place += 1
    return good, bad


def protected(text: str, delimiter: str) -> str:
    """The characters that a backslash protects in a file: the quote, the delimiter, both or none."""
    found = ""
    if '\\"' in text and badly_wrapped(text, delimiter, True)[1] < badly_wrapped(text, delimiter, False)[1]:
        found += '"'
    if f"\\{delimiter}" in text and delimiter != " ":
        mark = re.escape(delimiter)
        wrapped = re.compile(rf'(?m)(?:^|(?<={mark}))"(?:[^"\n]|"")*"(?={mark}|$)')  # there it stands as it is
        lines = [line for line in wrapped.sub("", text).split("\n") if line]
        rest = [line.replace(f"\\{delimiter}", "") for line in lines]
        if len({line.count(delimiter) for line in rest}) == 1 < len({line.count(delimiter) for line in lines}):
            found += delimiter
    return found


def hide(data: bytes, characters: str) -> bytes:
    """The text with each protected character as one that has no meaning to a reader.

    A backslash before a backslash protects it where the whole file does so; else it is two characters.
    """
    marks = {char.encode(): mark.encode() for char, mark in zip(characters, _MARKS, strict=False)}
    inside = re.escape(characters).encode()
    if not re.search(rb"(?<!\\)(?:\\\\)*\\[^\\" + inside + rb"]", data):
        marks[b"\\"] = _MARKS[2].encode()
        inside += rb"\\"
    return re.sub(rb"\\([" + inside + rb"])", lambda found: marks[found.group(1)], data)


def show(table: pa.Table, characters: str) -> pa.Table:
    """The cells with the characters that `hide` took away, without their backslash."""
    marks = [*zip(characters, _MARKS, strict=False), ("\\", _MARKS[2])]
    columns = []
    for column in table.columns:
        for char, mark in marks:
            column = pc.replace_substring(column, mark, char)
        columns.append(column)
    return pa.Table.from_arrays(columns, names=table.column_names)


class Quoted:
    """Reads the rows that begin in a line with a quote.

    Attributes:
        rows: number of cells -> line numbers, and the cells of those rows, since they were last taken.
        told: quotes surely wrap cells, so that one may hold what looks like rows.
        opened: numbers of lines where a quote opens that closes in the middle of a cell of another line: the row is
            not read, and reading goes on in the next line.
    """

    def __init__(self, lines: pa.Array, delimiter: str, path: Path, *, told: bool = False) -> None:
        self.lines, self.delimiter, self.path, self.told = lines, delimiter, path, told
        self.rows: dict[int, tuple[list[int], list[list[str]]]] = {}
        self.opened: list[int] = []
        self._place = self._first = 0
        self._over = False  # a reader asked for a line behind the last one
        self._window: list[str] = []

    def read(self, starts: NDArray[Any], plain: NDArray[Any]) -> None:
        """Read from the lines at `starts`; lines that belong to such a row are struck from `plain`. May be called for
        one part of the lines after the other.

        Raises:
            DataError: `data.quote`, a quote is still open at the end, or swallows whole rows on its way.
        """
        reader = self._reader(strict=True)
        for start in starts.tolist():
            if start < self._place:
                continue
            self._place = start
            try:
                row, torn = next(reader), False
            except csv.Error:  # a quote closes in the middle of a cell, or never
                self._place, reader = start, self._reader(strict=True)
                row, torn = next(self._reader(strict=False)), True
            if self._over:
                line = start + 1 + sum(cell.count("\n") for cell in row[:-1])
                raise DataError("data.quote", key=str(self.path), line=line)
            if self._place - start > 2 and not self.told and _swallows(row, self.delimiter):
                raise DataError("data.quote", key=str(self.path), line=start + 1)
            if self._place - start > 1 and torn:  # these lines are no one row
                self.opened.append(start + 1)
                plain[start] = False
                self._place = start + 1
                continue
            plain[start : self._place] = False
            numbers, found = self.rows.setdefault(len(row), ([], []))
            numbers.append(start + 1)
            found.append(row)

    def taken(self) -> dict[int, tuple[list[int], list[list[str]]]]:
        """The rows that were read since the last call."""
        rows, self.rows = self.rows, {}
        return rows

    def _line(self, place: int) -> str:
        """A line; the next few are made strings with it."""
        if not 0 <= place - self._first < len(self._window):
            self._first, self._window = place, self.lines.slice(place, _WINDOW).to_pylist()
        return self._window[place - self._first]

    def _reader(self, strict: bool) -> Iterator[list[str]]:
        csv.field_size_limit(sys.maxsize)

        def feed() -> Iterator[str]:
            while self._place < len(self.lines):
                line = self._line(self._place)
                self._place += 1
                yield line if line.endswith("\n") else line + "\n"
            self._over = True
            yield ""

        return csv.reader(feed(), delimiter=self.delimiter, strict=strict)


def _swallows(row: list[str], delimiter: str) -> bool:
    """Whether a cell holds whole rows: most of its inner lines have as many delimiters as this row has, none of which
    is followed by a blank, as a comma of a sentence is."""
    bare = re.compile(re.escape(delimiter) + r"(?! )")

    def like_a_row(line: str) -> bool:
        return line.count(delimiter) == len(bare.findall(line)) == len(row) - 1

    inner = [cell.split("\n")[1:-1] for cell in row] if len(row) > 1 else []
    return any(sum(map(like_a_row, lines)) * 2 > len(lines) for lines in inner if lines)


__all__ = ["Quoted", "badly_wrapped", "hide", "protected", "show"]
