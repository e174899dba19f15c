"""JSON and JSON Lines into columns, in the shapes in which programs write tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.core.errors import DataError
from tunebook.data.cells import as_text
from tunebook.data.columns import to_table
from tunebook.data.extra_rows import Cells
from tunebook.data.heading import column_names, find_heading
from tunebook.data.ledger import Numbers, shown
from tunebook.data.names import known

_DEEPEST = 64  # no table goes deeper, and neither do the libraries that read them
Rows = list[dict[str, Any]]
_KEY = "key"


def read_jsonl(data: bytes, path: Path) -> Cells:
    """One JSON object a line, with the line number of each.

    Raises:
        DataError: `data.json`, a line is no JSON object, or nested too deeply.
    """
    numbers: list[int] = []
    twice: list[int] = []
    table = to_table(_lines(data, path, numbers, twice))
    return _cells(table, np.array(numbers, dtype=np.int64), twice)


def read_json(data: bytes, path: Path) -> Cells:
    """A JSON document: a list of objects or texts, an object of objects or of columns, as pandas writes tables (split,
    index, columns, table); or JSON Lines in a .json file.

    Rows are numbered from 1. The keys of an object of objects become the column `key`.

    Raises:
        DataError: `data.json`.
    """
    rows, numbers, twice = _document(data, path)
    return _cells(to_table(rows), numbers, twice)


def json_rows(data: bytes, path: Path) -> tuple[Rows, Numbers]:
    """The rows of a JSON document or of JSON Lines as objects, with the number or line of each.

    Raises:
        DataError: `data.json`.
    """
    rows, numbers, _ = _document(data, path)
    return rows, numbers


def _cells(table: Any, numbers: Numbers, twice: list[int]) -> Cells:
    return Cells(table, numbers, notes={"twice": shown(twice)} if twice else {})


def _document(data: bytes, path: Path) -> tuple[Rows, Numbers, list[int]]:
    """Rows, their numbers, and the numbers of those in which a key stands twice."""
    parser = _Parser()
    try:
        content = parser.parse(data)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            numbers: list[int] = []
            twice: list[int] = []
            return list(_lines(data, path, numbers, twice)), np.array(numbers, dtype=np.int64), twice
        raise DataError("data.json", key=str(path), line=error.lineno, reason=error.msg) from error
    except ValueError as error:
        raise DataError("data.json", key=str(path), line=1, reason=str(error)) from error
    rows = document_rows(content)
    if rows is None:
        raise DataError("data.json", key=str(path), line=1, reason="no list of rows")
    twice = [number for number, row in enumerate(rows, start=1) if parser.repeated and _has_twice(row)]
    for number in twice:
        rows[number - 1] = plain_json(rows[number - 1])
    return rows, np.arange(1, len(rows) + 1, dtype=np.int64), twice


def _lines(data: bytes, path: Path, numbers: list[int], twice: list[int]) -> Iterator[dict[str, Any]]:
    """The object of each line, whose number is added to `numbers`, and to `twice` where a key stands twice."""
    parser = _Parser()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        numbers.append(number)
        try:
            value = parser.parse(line)
        except ValueError as error:
            raise DataError("data.json", key=str(path), line=number, reason=str(error)) from error
        if not isinstance(value, dict):
            raise DataError("data.json", key=str(path), line=number, reason=f"{type(value).__name__}, not an object")
        if parser.repeated and _has_twice(value):
            twice.append(number)
            value = plain_json(value)
        yield value


class _Parser:
    """Reads JSON values; objects in which a key stands twice are of their own kind.

    Attributes:
        repeated: whether there was such an object.
    """

    def __init__(self) -> None:
        self.repeated = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.repeated = True
        return Twice(pairs)

    def parse(self, data: bytes) -> Any:
        """A JSON value.

        Raises:
            ValueError: it is none, or nested too deeply.
        """
        try:
            content = self._decoder.decode(data.decode("utf-8"))
            deep = _deeper(content, _DEEPEST)
        except RecursionError:
            deep = True
        if deep:
            raise ValueError(f"nested more than {_DEEPEST} levels deep")
        return content


def _deeper(value: Any, levels: int) -> bool:
    if not levels:
        return True
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict | list) and _deeper(item, levels - 1):
            return True
    return False


def _has_twice(value: dict[str, Any] | list[Any]) -> bool:
    if isinstance(value, Twice):
        return True
    items = value.values() if isinstance(value, dict) else value
    return any(_has_twice(item) for item in items if isinstance(item, dict | list))


class Twice(dict[str, Any]):
    """An object in which a key stands twice; as usual the last value counts."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def plain_json(value: Any) -> Any:
    """A value whose objects are plain ones."""
    if isinstance(value, dict):
        return {name: plain_json(item) for name, item in value.items()}
    return [plain_json(item) for item in value] if isinstance(value, list) else value


def document_rows(content: Any) -> Rows | None:
    """The rows of a document; None where it holds none."""
    if isinstance(content, list):
        return _of_list(content)
    if not isinstance(content, dict) or not content:
        return None
    for shape in (_split, _of_objects, _of_columns):
        rows = shape(content)
        if rows is not None:
            return rows
    lists = [item for item in content.values() if isinstance(item, list)]
    tables = [item for item in lists if item and all(isinstance(row, dict) for row in item)]
    if len(tables) == 1:
        return tables[0]
    return [content] if not lists else None


def _of_list(content: list[Any]) -> Rows | None:
    if all(isinstance(item, dict) for item in content):
        return content
    if all(isinstance(item, str) for item in content):
        return [{"text": item} for item in content]
    widths = {len(item) if isinstance(item, list) else 0 for item in content}
    return _of_lists(content) if len(widths) == 1 and widths.pop() > 1 else None


def _of_lists(content: list[list[Any]]) -> Rows:
    """Rows as lists, the first of which may name the columns."""
    heading = find_heading([[(as_text(cell) or "").strip() for cell in row] for row in content[:200]])
    names = column_names(heading.cells or None, len(content[0]))
    return [dict(zip(names, row, strict=True)) for row in content[heading.body :]]


def _split(content: dict[str, Any]) -> Rows | None:
    """pandas' `split`: names of columns, and rows as lists."""
    columns, data = content.get("columns"), content.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    if any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        return None
    names = column_names(
        [" ".join(map(str, name)) if isinstance(name, list) else name for name in columns], len(columns)
    )
    return [dict(zip(names, row, strict=True)) for row in data]


def _of_objects(content: dict[str, Any]) -> Rows | None:
    """Rows by their keys, or columns (pandas' `columns`) whose cells bear the keys of the rows."""
    if not all(isinstance(item, dict) for item in content.values()):
        return None
    keys = list(dict.fromkeys(key for column in content.values() for key in column))
    named, numbered = any(map(known, content)), all(map(str.isdigit, keys))
    if keys and numbered and (named or not all(map(str.isdigit, content))) and not any(map(known, keys)):
        return [{_KEY: key, **{name: column.get(key) for name, column in content.items()}} for key in keys]
    pairs = content.pairs if isinstance(content, Twice) else content.items()
    return [
        {_KEY: key, **item} if not isinstance(item, Twice) else Twice([(_KEY, key), *item.pairs]) for key, item in pairs
    ]


def _of_columns(content: dict[str, Any]) -> Rows | None:
    """Columns as lists of the same length; or a single list of rows."""
    values = list(content.values())
    if not all(isinstance(item, list) for item in values) or len({len(item) for item in values}) != 1:
        return None
    if len(values) == 1 and all(isinstance(item, dict) for item in values[0]):
        return list(values[0])
    return [dict(zip(content, row, strict=True)) for row in zip(*values, strict=True)]


__all__ = ["Twice", "document_rows", "json_rows", "plain_json", "read_json", "read_jsonl"]
