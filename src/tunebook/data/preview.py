"""A first look at a file whose format is not known: its name, its first lines, cells and JSON objects."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from tunebook.core.errors import DataError
from tunebook.data.encoding import decode
from tunebook.data.files import Member, is_blank
from tunebook.data.jsons import json_rows
from tunebook.data.options import DataOptions

_SAMPLE = 1 << 20
_ROWS = 200
Objects = list[tuple[int, dict[str, Any]]]


class Preview:
    """A file, or the files of a folder or package, as far as recognisers need to see it.

    Attributes:
        path: what the user named; name: of the file, within its folder or package where it is in one.
        parts: one look for each file of a folder or package of several; such a look has no content of its own.
        options: what the user said; labelled: whether labels are wanted (not for rows to predict).
    """

    def __init__(
        self, path: Path, members: list[Member], options: DataOptions, *, folder: bool = False, labelled: bool = True
    ) -> None:
        self.path = path
        self.options = options
        self.labelled = labelled
        self._member = members[0] if len(members) == 1 and not folder else None
        self.name = self._member.name if self._member else path.name
        self.parts: list[Preview] = []
        if self._member is None:
            self.parts = [Preview(path, [member], options, labelled=labelled) for member in members]

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self._member.data if self._member else b""

    @property
    def suffix(self) -> str:
        """End of the file's name: `.jsonl`."""
        return Path(self.name).suffix.lower()

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it."""
        return is_blank(self.data)

    @cached_property
    def text(self) -> str:
        """The whole file as text, its lines ended by a line feed.

        Raises:
            DataError: it is no text.
        """
        return decode(self.data, self.path, self.options.encoding).data.decode("utf-8")

    @cached_property
    def head(self) -> str:
        """The first lines of a text file; empty where it is none."""
        data = self.data
        if len(data) > _SAMPLE:
            data = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]
        try:
            return decode(data, self.path, self.options.encoding).data.decode("utf-8")
        except DataError:
            return ""

    @cached_property
    def lines(self) -> list[str]:
        """The first lines that are not blank."""
        return [line for line in self.head.split("\n", 2 * _ROWS)[: 2 * _ROWS] if line.strip()][:_ROWS]

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The first objects of a JSON list or of JSON Lines; empty where it is neither."""
        found = []
        for value in _values(self.head):
            if not isinstance(value, dict):
                return []
            found.append(value)
            if len(found) == _ROWS:
                break
        return found

    def rows(self) -> Objects:
        """All objects of a JSON list or of JSON Lines, with their number or line.

        Raises:
            DataError: `data.json`.
        """
        if len(self.objects) == 1 and self.text.lstrip()[:1] == "{" and _is_whole(self.text):
            return [(1, self.objects[0])]  # a single row, which may hold lists
        found, numbers = json_rows(self.text.encode(), self.path)
        return list(zip(numbers.tolist(), found, strict=True))

    @cached_property
    def grid(self) -> list[list[str]]:
        """The first rows of a delimited file, the heading first."""
        found = []
        for _, cells in _cells(self.head, self.delimiter):
            found.append(cells)
            if len(found) == _ROWS:
                break
        return found

    @cached_property
    def delimiter(self) -> str:
        """What stands between the cells of the first line."""
        first = self.lines[0] if self.lines else ""
        return max(",\t;", key=first.count)

    def cells(self) -> tuple[Objects, dict[int, str]]:
        """All rows under the heading, with the line where each begins: heading -> cell, None where it is empty.

        Returns:
            the rows, and line -> number of cells of those that have too many or too few.
        """
        rows = _cells(self.text, self.delimiter)
        heading = next(rows)[1]
        found: Objects = []
        ragged = {}
        for line, cells in rows:
            if len(cells) == len(heading):
                found.append((line, {name: cell or None for name, cell in zip(heading, cells, strict=True)}))
            else:
                ragged[line] = str(len(cells))
        return found, ragged


def _values(text: str) -> Iterator[Any]:
    """JSON values one after the other, as far as they can be read; those of a list where it begins as one."""
    start = text.lstrip()
    if start[:1] not in ("[", "{"):
        return
    decoder, place = json.JSONDecoder(), int(start[0] == "[")
    while True:
        while place < len(start) and start[place] in ", \t\n":
            place += 1
        try:
            value, place = decoder.raw_decode(start, place)
        except (ValueError, RecursionError):
            return
        yield value


def _is_whole(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a delimited text with the line in which each begins."""
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        return


__all__ = ["Objects", "Preview"]
