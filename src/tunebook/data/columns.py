"""Columns of Arrow from values of Python, and the text of a cell: one rule for training and for prediction.

The text of a value depends on the value alone: not on the format it came in, on the type of its column, nor on the
other rows. So a number that stands among fractions (3.0) reads as it does alone (3), and a moment reads the same
whether its column counts seconds or nanoseconds.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_EXACT = 2**53  # whole numbers below it are the same as float and as int
_NONE = type(None)
_MISSING = ("NAType", "NaTType")  # pandas, which need not be there
# A moment's fraction of a second without the zeros at its end, which only tell the unit of the column.
_FRACTION = ((r"(\.\d*?)0+(Z?)$", r"\1\2"), (r"\.(Z?)$", r"\1"))


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
    return pa.table({name: to_column(values) for name, values in columns.items()})


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


def as_text(value: Any) -> str | None:
    """The text of one value, None for what is missing (None, NaN).

    Numbers as one writes them (3 for 3.0, 2.5 for a decimal 2.50), `true` and `false`, dates and times as `2025-01-02
    03:04:05`, those of a time zone in UTC with a Z, bytes as UTF-8, lists and objects as JSON: the keys of an object
    sorted, without those that have no value, because a table keeps neither.
    """
    if missing(value):
        return None
    text = value if isinstance(value, str) else _written(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # halves of a pair of surrogates, which no file can hold
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, or what pandas puts in their place."""
    if isinstance(value, float | np.floating):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or type(value).__name__ in _MISSING


def _written(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return _trimmed(str(value).replace("T", " "))
    if isinstance(value, np.generic) and not isinstance(value, np.floating):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        whole = abs(float(value)) < _EXACT and float(value).is_integer()
        return str(int(value)) if whole else str(value)
    if isinstance(value, Decimal):
        text = f"{value:f}" if value.is_finite() else str(value)
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping | list | tuple | set | frozenset | np.ndarray):
        return json.dumps(_plain(value), ensure_ascii=False)
    return _moment(value)


def _moment(value: Any) -> str:
    """A date, a time, a span of time, or whatever else there is."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return _trimmed(value.isoformat(" "))
        return _trimmed(value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(" ") + "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return _trimmed(value.isoformat())
    if isinstance(value, datetime.timedelta):
        return str(datetime.timedelta(value.days, value.seconds, value.microseconds))
    return str(value)


def _trimmed(text: str) -> str:
    for pattern, kept in _FRACTION:
        text = re.sub(pattern, kept, text)
    return text


def _plain(value: Any) -> Any:
    """A value as JSON has it: inside of lists and objects too the column's type leaves no trace."""
    if isinstance(value, Mapping):
        pairs = {str(name): item for name, item in value.items() if not missing(item)}
        return {name: _plain(pairs[name]) for name in sorted(pairs)}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return int(value) if abs(value) < _EXACT and value.is_integer() else value
    return as_text(value)


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
        for pattern, kept in _FRACTION:
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


__all__ = ["as_text", "is_text", "missing", "storable", "text_column", "to_column", "to_table"]
