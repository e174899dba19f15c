"""JSON and JSON Lines into columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.columns import to_table
from tunebook.data.ledger import Numbers

_KEY = "key"


def read_jsonl(data: bytes, path: Path) -> tuple[pa.Table, Numbers]:
    """One JSON object a line, with the line number of each.

    Raises:
        DataError: `data.json`, a line is no JSON object.
    """
    numbers: list[int] = []
    table = to_table(_lines(data, path, numbers))
    return table, np.array(numbers, dtype=np.int64)


def _lines(data: bytes, path: Path, numbers: list[int]) -> Iterator[dict[str, Any]]:
    """The object of each line, whose number is added to `numbers`."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            numbers.append(number)
            yield _object(line, path, number)


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError("data.json", key=str(path), line=number, reason=str(error)) from error
    if not isinstance(value, dict):
        raise DataError("data.json", key=str(path), line=number, reason=f"{type(value).__name__}, not an object")
    return value


def read_json(data: bytes, path: Path) -> tuple[pa.Table, Numbers]:
    """A JSON document: a list of objects or texts, an object of objects or of columns; or JSON Lines in a .json file.

    Rows are numbered from 1. The keys of an object of objects become the column `key`.

    Raises:
        DataError: `data.json`.
    """
    rows, numbers = json_rows(data, path)
    return to_table(rows), numbers


def json_rows(data: bytes, path: Path) -> tuple[list[dict[str, Any]], Numbers]:
    """The rows of a JSON document or of JSON Lines as objects, with the number or line of each.

    Raises:
        DataError: `data.json`.
    """
    try:
        content = json.loads(data)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            numbers: list[int] = []
            return list(_lines(data, path, numbers)), np.array(numbers, dtype=np.int64)
        raise DataError("data.json", key=str(path), line=error.lineno, reason=error.msg) from error
    except ValueError as error:
        raise DataError("data.json", key=str(path), line=1, reason=str(error)) from error
    rows = _rows(content)
    if rows is None:
        raise DataError("data.json", key=str(path), line=1, reason="no list of rows")
    return rows, np.arange(1, len(rows) + 1, dtype=np.int64)


def _rows(content: Any) -> list[dict[str, Any]] | None:
    if isinstance(content, list):
        if all(isinstance(item, dict) for item in content):
            return content
        if all(isinstance(item, str) for item in content):
            return [{"text": item} for item in content]
        return None
    if not isinstance(content, dict):
        return None
    values = list(content.values())
    if values and all(isinstance(item, dict) for item in values):
        return [{_KEY: key, **item} for key, item in content.items()]
    lists = [item for item in values if isinstance(item, list)]
    if values and len(lists) == len(values) and len({len(item) for item in lists}) == 1:
        if len(lists) == 1 and all(isinstance(item, dict) for item in lists[0]):
            return lists[0]
        return [dict(zip(content, row, strict=True)) for row in zip(*lists, strict=True)]
    tables = [item for item in lists if item and all(isinstance(row, dict) for row in item)]
    if len(tables) == 1:
        return tables[0]
    return [content] if values and not lists else None


__all__ = ["json_rows", "read_json", "read_jsonl"]
