"""An .xlsx workbook, read once and only where it has values: cells, what spans several, what is hidden.

Office Open XML (ISO/IEC 29500), transitional and strict: the two differ in their namespaces, which are not looked at.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tunebook.core.errors import DataError

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BROKEN = (LookupError, ValueError, RuntimeError, EOFError, ElementTree.ParseError, zipfile.BadZipFile, zlib.error)
_LAST = (1 << 20, 1 << 14)  # row and column of a sheet
Place = tuple[int, int]


@dataclass
class Grid:
    """A sheet.

    Attributes:
        rows: row -> column -> value, both from 1; cells without a value are not there.
        merged: first row, first column, last row, last column of cells that are one.
        hidden_rows, hidden_columns: what is hidden; filtered: whether a filter hides rows.
        lost: cells with a formula that was saved without its value; wrong: cells that hold an error (#REF!).
    """

    rows: dict[int, dict[int, Any]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[range] = field(default_factory=list)
    filtered: bool = False
    lost: list[Place] = field(default_factory=list)
    wrong: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """A sheet by its name; `part` is its file in the package."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """The sheets of a workbook; charts are none.

    Raises:
        DataError: `data.workbook`, the bytes are no workbook, also when a sheet is read.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        self.path = path
        self._grids: dict[str, Grid] = {}
        self.sheets: list[Sheet] = self._try(lambda: self._open(data))

    def grid(self, sheet: Sheet) -> Grid:
        """The cells of a sheet, read once."""
        if sheet.name not in self._grids:
            self._grids[sheet.name] = self._try(lambda: self._read(sheet.part))
        return self._grids[sheet.name]

    def _try(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except _BROKEN as error:
            reason = str(error) or type(error).__name__
            raise DataError("data.workbook", key=str(self.path), reason=reason) from error

    def _open(self, data: bytes) -> list[Sheet]:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._names = {name.lower(): name for name in self._zip.namelist()}
        start = self._related("")
        self._book = next((part for kind, part in start.values() if kind == "officeDocument"), "xl/workbook.xml")
        parts = self._related(self._book)
        root = self._xml(self._book)
        found = []
        for item in _all(root, "sheet"):
            kind, part = parts.get(_of(item, "id") or "", ("", ""))
            if kind == "worksheet":
                found.append(Sheet(item.get("name") or "", part, (_of(item, "state") or "visible") != "visible"))
        self._since_1904 = any((_of(item, "date1904") or "") in ("1", "true") for item in _all(root, "workbookPr"))
        self._parts = dict(parts.values())
        return found

    def _bytes(self, part: str) -> bytes:
        return self._zip.read(self._names[part.lower()])

    def _xml(self, part: str) -> ElementTree.Element:
        return ElementTree.fromstring(self._bytes(part))

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Parts that a part refers to: id -> kind, part."""
        folder, name = posixpath.split(part)
        file = posixpath.join(folder, "_rels", f"{name}.rels")
        found = {}
        for item in self._xml(file) if file.lower() in self._names else ():
            target = posixpath.normpath(posixpath.join("/", folder, item.get("Target") or "")).lstrip("/")
            found[item.get("Id") or ""] = ((item.get("Type") or "").rpartition("/")[2], target)
        return found

    @cached_property
    def _shared(self) -> list[str]:
        """Texts that cells name by number."""
        part = self._parts.get("sharedStrings")
        return [_text(item) for item in self._xml(part)] if part else []

    @cached_property
    def _moments(self) -> list[bool]:
        """Whether each style of a cell shows a number as a date or time."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

        part = self._parts.get("styles")
        if not part:
            return []
        root = self._xml(part)
        own = {item.get("numFmtId"): item.get("formatCode") or "" for item in _all(root, "numFmt")}
        cells = next(_all(root, "cellXfs"), ())
        codes = [own.get(id_, BUILTIN_FORMATS.get(int(id_), "")) for id_ in (i.get("numFmtId") or "0" for i in cells)]
        return [bool(is_date_format(code)) for code in codes]

    def _read(self, part: str) -> Grid:
        grid = Grid()
        row = 0
        for _, item in ElementTree.iterparse(io.BytesIO(self._bytes(part))):
            kind = _name(item)
            if kind == "row":
                row = int(item.get("r") or row + 1)
                self._row(grid, item, row)
                item.clear()
            elif kind == "mergeCell":
                first, _, last = (item.get("ref") or "").partition(":")
                grid.merged.append((*place_of(first), *place_of(last or first)))
            elif kind == "col" and _of(item, "hidden") in ("1", "true"):
                grid.hidden_columns.append(range(int(item.get("min") or 0), int(item.get("max") or 0) + 1))
            elif kind == "filterColumn":
                grid.filtered = True
        return grid

    def _row(self, grid: Grid, item: ElementTree.Element, row: int) -> None:
        if _of(item, "hidden") in ("1", "true"):
            grid.hidden_rows.add(row)
        cells: dict[int, Any] = {}
        column = 0
        for cell in item:
            column = place_of(cell.get("r") or "")[1] or column + 1
            if not 0 < row <= _LAST[0] or not 0 < column <= _LAST[1]:
                raise ValueError(f"there is no row {row}, column {column}")
            value = self._value(grid, cell, (row, column))
            if value is not None and value != "":
                cells[column] = value
        if cells:
            grid.rows[row] = cells

    def _value(self, grid: Grid, cell: ElementTree.Element, place: Place) -> Any:
        parts = {_name(item): item for item in cell}
        kind, text = cell.get("t") or "n", (parts["v"].text if "v" in parts else None)
        if kind == "inlineStr":
            return _text(parts["is"]) if "is" in parts else None
        if text is None:
            if "f" in parts and kind != "str":
                grid.lost.append(place)
            return None
        if kind == "e":
            grid.wrong.append(place)
            return text
        if kind == "s":
            return self._shared[int(text)]
        if kind == "b":
            return text == "1"
        return self._number(text, int(cell.get("s") or 0)) if kind == "n" else _plain(text, kind)

    def _number(self, text: str, style: int) -> Any:
        number = float(text) if re.search("[.eE]", text) else int(text)
        if style >= len(self._moments) or not self._moments[style]:
            return number
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

        try:
            return from_excel(number, MAC_EPOCH if self._since_1904 else WINDOWS_EPOCH)
        except (OverflowError, ValueError):  # no date has that number
            return number


def _plain(text: str, kind: str) -> Any:
    return datetime.fromisoformat(text) if kind == "d" else _decoded(text)


def _decoded(text: str) -> str:
    """Characters that XML cannot hold stand there as _x000D_; lines end by a line feed alone."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(item: ElementTree.Element) -> str:
    """The text of runs, without what tells how it is pronounced (rPh)."""
    pieces = []
    for part in item:
        if _name(part) == "t":
            pieces.append(part.text or "")
        elif _name(part) == "r":
            pieces += [run.text or "" for run in part if _name(run) == "t"]
    return _decoded("".join(pieces))


def _name(item: ElementTree.Element) -> str:
    return str(item.tag).rpartition("}")[2]


def _of(item: ElementTree.Element, name: str) -> str | None:
    """An attribute, in whatever namespace."""
    return next((value for key, value in item.attrib.items() if key.rpartition("}")[2] == name), None)


def _all(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (item for item in root.iter() if _name(item) == name)


def place_of(reference: str) -> Place:
    """Row and column of `B7`; 0 for what is not there."""
    reference = reference.replace("$", "")
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :] or 0), column


def letters_of(column: int) -> str:
    """The letters of a column: 28 is AB."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


__all__ = ["Grid", "Sheet", "Workbook", "letters_of", "place_of"]
