"""Columns of Arrow from values of Python, without losing what they say."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def to_column(values: Sequence[Any]) -> pa.Array:
    """An Arrow array of these values; where their types differ (5 and "five"), of their text."""
    try:
        array = pa.array(values, from_pandas=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array([None if value is None else as_text(value) for value in values], pa.large_string())
    return array.cast(pa.large_string()) if pa.types.is_string(array.type) else array


def to_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table: columns in the order in which their names first appear, None where a row lacks one."""
    columns: dict[str, list[Any]] = {}
    for place, row in enumerate(rows):
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = [None] * place
            column.append(value)
        if len(row) < len(columns):
            for column in columns.values():
                if len(column) == place:
                    column.append(None)
    return pa.table({name: to_column(values) for name, values in columns.items()})


def as_text(value: Any) -> str:
    """A single value as people would write it: lists and objects as JSON, dates in ISO form, 3.0 as 3.0."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return str(value)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def text_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as strings: numbers and dates by their value, lists as JSON; nulls stay."""
    if pa.types.is_large_string(column.type):
        return column
    if pa.types.is_dictionary(column.type):
        return text_column(column.cast(column.type.value_type))
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        values = [None if value is None else _decoded(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, pa.large_string())])
    return pc.cast(column, pa.large_string())


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else as_text(value)


__all__ = ["as_text", "is_text", "text_column", "to_column", "to_table"]
