"""Rows of a delimited file whose cells are wrapped in quotes, which may go on over the next lines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from tunebook.core.errors import DataError

_END = "\x1eend of file\x1e"


class Quoted:
    """Reads the rows that begin in a line with a quote.

    Attributes:
        rows: number of cells -> line numbers, and the cells of those rows.
        opened: numbers of lines where a quote opens that closes in the middle of a cell of another line: the row is
            not read, and reading goes on in the next line.
    """

    def __init__(self, lines: pa.Array, delimiter: str, path: Path) -> None:
        self.lines, self.delimiter, self.path = lines, delimiter, path
        self.rows: dict[int, tuple[list[int], list[list[str]]]] = {}
        self.opened: list[int] = []
        self._place = 0

    def read(self, starts: NDArray[Any], plain: NDArray[Any]) -> None:
        """Read from the lines at `starts`; lines that belong to such a row are struck from `plain`.

        Raises:
            DataError: `data.quote`, a quote is still open at the end, or swallows whole rows on its way.
        """
        texts = self.lines.to_pylist() if len(starts) * 10 > len(self.lines) else self.lines
        reader = self._reader(texts, strict=False)
        for start in starts.tolist():
            if start < self._place:
                continue
            self._place = start
            row = next(reader)
            if row[-1].endswith(_END):
                line = start + 1 + sum(cell.count("\n") for cell in row[:-1])
                raise DataError("data.quote", key=str(self.path), line=line)
            if self._place - start > 2 and _swallows(row, self.delimiter):
                raise DataError("data.quote", key=str(self.path), line=start + 1)
            if self._place - start > 1 and self._torn(texts, start, self._place):
                self.opened.append(start + 1)
                plain[start] = False
                self._place = start + 1
                continue
            plain[start : self._place] = False
            numbers, found = self.rows.setdefault(len(row), ([], []))
            numbers.append(start + 1)
            found.append(row)

    def _reader(self, texts: Any, strict: bool) -> Iterator[list[str]]:
        csv.field_size_limit(sys.maxsize)

        def feed() -> Iterator[str]:
            while self._place < len(texts):
                line = texts[self._place]
                self._place += 1
                yield (line if isinstance(line, str) else line.as_py()) + "\n"
            yield _END

        return csv.reader(feed(), delimiter=self.delimiter, strict=strict)

    def _torn(self, texts: Any, start: int, end: int) -> bool:
        """Whether a quote closes in the middle of a cell, so that these lines are no one row."""
        self._place = start
        try:
            next(self._reader(texts, strict=True))
        except csv.Error:
            return True
        finally:
            self._place = end
        return False


def _swallows(row: list[str], delimiter: str) -> bool:
    """Whether a cell holds whole rows: most of its inner lines have as many delimiters as this row has."""
    for cell in row:
        inner = cell.split("\n")[1:-1]
        if inner and len(row) > 1 and sum(part.count(delimiter) == len(row) - 1 for part in inner) * 2 > len(inner):
            return True
    return False


__all__ = ["Quoted"]
