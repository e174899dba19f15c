"""Files of Weka: ARFF, attributes with their types and then the rows; and CSV as it saves it.

In its CSV cells stand in single quotes, with backslashes before quotes, and ? is what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.columns import to_table
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.look import Look, Objects
from tunebook.data.roles import find_roles

_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)\s+(.*)", re.IGNORECASE)
_CELL = re.compile(r"\s*('((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|[^,'\"]*?)\s*(,|$)")
_ESCAPE = re.compile(r"\\(.)")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r"}
_FEW = 3


class Arff(Format):
    """Texts (`string`) with a nominal attribute."""

    title: ClassVar[str] = "ARFF"

    def fits(self, look: Look) -> bool:
        """A relation and its attributes."""
        begun = [line.split()[0].lower() for line in look.lines if not line.lstrip().startswith("%")]
        return begun[:1] == ["@relation"] and "@attribute" in begun

    def read(self, look: Look) -> Export:
        """The rows; the label is the only nominal attribute, or the last."""
        lines = look.text.split("\n")
        start = next((place for place, line in enumerate(lines) if line.strip().lower() == "@data"), len(lines))
        found = [match for line in lines[:start] if (match := _ATTRIBUTE.match(line.strip()))]
        names = [_plain(match[1]) for match in found]
        if any(line.lstrip().startswith("{") for line in lines[start + 1 :]):
            raise DataError("format.sparse", key=str(look.path), tool=self.title)
        rows, faults = _rows_of(lines[start + 1 :], names, start + 2)
        roles = _roles(names, [match[2].strip().lower() for match in found])
        label = look.options.label or roles.get("label")
        return _labelled_export(rows, label if look.labelled else None, roles, faults)


def _roles(names: Sequence[str], types: Sequence[str]) -> dict[str, str]:
    texts = [name for name, kind in zip(names, types, strict=True) if kind == "string"]
    classes = [name for name, kind in zip(names, types, strict=True) if kind.startswith("{")]
    roles = {"text": texts[0]} if len(texts) == 1 else {}
    return roles | ({"label": classes[-1]} if len(classes) == 1 or classes[-1:] == list(names[-1:]) else {})


def _labelled_export(
    rows: Objects, label: str | None, roles: dict[str, str], faults: dict[str, dict[int, str]]
) -> Export:
    """The rows whose label is not missing: `?` says that it is not known, which is no fault."""
    bare = {number: "" for number, row in rows if label in row and row[label] is None}
    more = {"unlabelled": bare} if bare else {}
    return to_export([row for row in rows if row[0] not in bare], roles, faults=faults | more)


def _rows_of(lines: Sequence[str], names: Sequence[str], first: int) -> tuple[Objects, dict[str, dict[int, str]]]:
    """Rows by the names of the columns, with their line numbers; those with a wrong number of cells are faults."""
    rows: Objects = []
    ragged: dict[int, str] = {}
    for number, line in enumerate(lines, start=first):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        cells = _cells_of(line)
        if cells is None or len(cells) != len(names):
            ragged[number] = str(len(cells or ()))
        else:
            rows.append((number, dict(zip(names, cells, strict=True))))
    return rows, {"ragged": ragged} if ragged else {}


def _cells_of(line: str) -> list[Any] | None:
    """Cells between commas, their quotes and backslashes taken off, None for `?`; no list where a quote stays open."""
    cells: list[Any] = []
    place = 0
    while True:
        match = _CELL.match(line, place)
        if match is None:
            return None
        cells.append(None if match[1] == "?" else _plain(match[1]))
        place = match.end()
        if not match[4]:
            return cells


def _plain(cell: str) -> str:
    inner = cell[1:-1] if cell[:1] in ("'", '"') and len(cell) > 1 else cell
    return _ESCAPE.sub(lambda match: _PLAIN.get(match[1], match[1]), inner)


class WekaCsv(Format):
    """A table with single quotes."""

    title: ClassVar[str] = "Weka CSV"

    def fits(self, look: Look) -> bool:
        """Cells open and close with single quotes, and some hold quotes behind a backslash."""
        lines = look.lines
        if look.suffix not in (".csv", ".txt", "") or len(lines) < _FEW or '"' in look.head or "\\'" not in look.head:
            return False
        width = len(lines[0].split(","))
        cut = [_cells_of(line) for line in lines[1:]]
        quoted = sum("'" in line for line in lines[1:])
        return width > 1 and 2 * quoted > len(cut) and all(cells is not None and len(cells) == width for cells in cut)

    def read(self, look: Look) -> Export:
        """The table."""
        lines = look.text.split("\n")
        names = [name.strip().strip("'") for name in lines[0].split(",")]
        rows, faults = _rows_of(lines[1:], names, 2)
        if not look.labelled:
            return _labelled_export(rows, None, {}, faults)
        label = find_roles(to_table(row for _, row in rows), look.options, file=look.path.name).label
        return _labelled_export(rows, label, {"label": str(label)}, faults)


__all__ = ["Arff", "WekaCsv"]
