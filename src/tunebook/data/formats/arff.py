"""ARFF, the format of Weka: attributes with their types, then the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.preview import Objects, Preview

_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)\s+(.*)", re.IGNORECASE)
_CELL = re.compile(r"\s*('((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|[^,'\"]*?)\s*(,|$)")
_ESCAPE = re.compile(r"\\(.)")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r"}


class Arff(Format):
    """Texts (`string`) with a nominal attribute."""

    title: ClassVar[str] = "ARFF"

    def fits(self, preview: Preview) -> bool:
        """A relation and its attributes."""
        begun = [line.split()[0].lower() for line in preview.lines if not line.lstrip().startswith("%")]
        return begun[:1] == ["@relation"] and "@attribute" in begun

    def read(self, preview: Preview) -> Export:
        """The rows; the label is the only nominal attribute, or the last."""
        lines = preview.text.split("\n")
        start = next((place for place, line in enumerate(lines) if line.strip().lower() == "@data"), len(lines))
        found = [match for line in lines[:start] if (match := _ATTRIBUTE.match(line.strip()))]
        names = [_plain(match[1]) for match in found]
        if any(line.lstrip().startswith("{") for line in lines[start + 1 :]):
            raise DataError("format.sparse", key=str(preview.path), tool=self.title)
        rows, faults = arff_rows(lines[start + 1 :], names, start + 2)
        roles = _roles(names, [match[2].strip().lower() for match in found])
        label = preview.options.label or roles.get("label")
        return labelled_export(rows, label if preview.labelled else None, roles, faults)


def _roles(names: Sequence[str], types: Sequence[str]) -> dict[str, str]:
    texts = [name for name, kind in zip(names, types, strict=True) if kind == "string"]
    classes = [name for name, kind in zip(names, types, strict=True) if kind.startswith("{")]
    roles = {"text": texts[0]} if len(texts) == 1 else {}
    return roles | ({"label": classes[-1]} if len(classes) == 1 or classes[-1:] == list(names[-1:]) else {})


def labelled_export(
    rows: Objects, label: str | None, roles: dict[str, str], faults: dict[str, dict[int, str]]
) -> Export:
    """The rows whose label is not missing: `?` says that it is not known, which is no fault."""
    bare = {number: "" for number, row in rows if label in row and row[label] is None}
    more = {"unlabelled": bare} if bare else {}
    return to_export([row for row in rows if row[0] not in bare], roles, faults=faults | more)


def arff_rows(lines: Sequence[str], names: Sequence[str], first: int) -> tuple[Objects, dict[str, dict[int, str]]]:
    """Rows by the names of the columns, with their line numbers; those with a wrong number of cells are faults."""
    rows: Objects = []
    ragged: dict[int, str] = {}
    for number, line in enumerate(lines, start=first):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        cells = cells_of(line)
        if cells is None or len(cells) != len(names):
            ragged[number] = str(len(cells or ()))
        else:
            rows.append((number, dict(zip(names, cells, strict=True))))
    return rows, {"ragged": ragged} if ragged else {}


def cells_of(line: str) -> list[Any] | None:
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


__all__ = ["Arff", "arff_rows", "cells_of", "labelled_export"]
