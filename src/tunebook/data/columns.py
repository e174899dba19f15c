"""Columns of Arrow from values of Python, without losing what they say, and columns of texts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tunebook.data.cells import FRACTION, as_text

_NONE = type(None)


def to_column(values: Sequence[Any]) -> pa.Array:
    """An Arrow array of these values; where their types differ (5 and "five"), of their text."""
    try:
        if _alike(values):
            array = pa.array(values, from_pandas=False)
            return array.cast(pa.large_string()) if pa.types.is_string(array.type) else array
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError):
        pass
    return pa.array([as_text(value) for value in values], pa.large_string())


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
    return pa.table({as_text(name) or "": to_column(values) for name, values in columns.items()})


def _alike(values: Sequence[Any]) -> bool:
    """Whether Arrow can hold these values side by side without changing one: it would make a date of a date with a
    time, and 1.0 of a true beside numbers."""
    kinds = set(map(type, values)) - {_NONE}
    if kinds <= {int, float}:
        return True
    if len(kinds) > 1 or kinds & {set, frozenset}:
        return False
    kind = kinds.pop()
    if kind is datetime.datetime:
        return len({value.tzinfo is None for value in values if value is not None}) == 1
    there = [value for value in values if value is not None]
    if kind in (list, tuple):
        return _alike([item for value in there for item in value])
    if kind is dict:
        names = dict.fromkeys(name for value in there for name in value)
        return all(_alike([value[name] for value in there if name in value]) for name in names)
    return True


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def text_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as strings: the text of each cell, as `as_text` has it; nulls stay."""
    kind = column.type
    if pa.types.is_large_string(kind):
        return column
    if pa.types.is_dictionary(kind):
        return text_column(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        column = column.cast(pa.timestamp(kind.unit, "UTC")) if getattr(kind, "tz", None) else column
        column = pc.cast(column, pa.large_string())
        for pattern, kept in FRACTION:
            column = pc.replace_substring_regex(column, pattern, kept)
        return column
    exact = (is_text, pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_null)
    if any(test(kind) for test in exact):
        return pc.cast(column, pa.large_string())
    return pa.chunked_array([pa.array(map(as_text, _values(column)), pa.large_string())])


def _values(column: pa.ChunkedArray) -> Any:
    """The cells as values of Python that say no more than the column does."""
    if pa.types.is_duration(column.type):
        column = column.cast(pa.duration("us"), safe=False)  # nanoseconds would need pandas
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):  # 0.1 is not 0.10000000149011612
        return column.to_numpy()
    return column.to_pylist()


def storable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as Parquet can hold it: objects without any field, which it cannot, become text."""
    return text_column(column) if _has_empty(column.type) else column


def _has_empty(kind: pa.DataType) -> bool:
    """Whether a type holds an object without fields, at any depth."""
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return (pa.types.is_struct(kind) and not inner) or any(map(_has_empty, inner))


def holds_places(kind: pa.DataType) -> bool:
    """Whether a column holds lists of places in a text: objects with a `start` and an `end`."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return False
    names = [kind.value_type.field(place).name for place in range(kind.value_type.num_fields)]
    return {"start", "end"} <= set(names)


__all__ = ["holds_places", "is_text", "storable", "text_column", "to_column", "to_table"]
