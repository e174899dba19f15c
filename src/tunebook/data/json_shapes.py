"""The shapes in which JSON holds a table, also those of pandas, as rows."""

from __future__ import annotations

from typing import Any

from tunebook.data.cells import as_text
from tunebook.data.heading import column_names, find_heading
from tunebook.data.names import known

_KEY = "key"
Rows = list[dict[str, Any]]


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


def rows_of(content: Any) -> Rows | None:
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


__all__ = ["Twice", "plain_json", "rows_of"]
