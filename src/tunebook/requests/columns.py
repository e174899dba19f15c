"""The columns of the request log: one an attribute of `Answered`, as SQLite, PostgreSQL and Arrow call their kinds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tunebook.requests.record import Answered, Feedback

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1  # version of what is written; a newer one is not read
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Kind:
    """A kind of values in SQLite, PostgreSQL and Arrow."""

    sqlite: str
    postgres: str
    arrow: str


_KINDS = {
    "str": Kind("TEXT", "TEXT", "string"),
    "Role": Kind("TEXT", "TEXT", "string"),
    "int": Kind("INTEGER", "BIGINT", "int64"),
    "float": Kind("REAL", "DOUBLE PRECISION", "float64"),
    "bool": Kind("INTEGER", "BOOLEAN", "bool"),
    "bytes": Kind("BLOB", "BYTEA", "binary"),
    "dict[str, Any] | None": Kind("TEXT", "TEXT", "string"),  # JSON
}
COLUMNS: dict[str, Kind] = {item.name: _KINDS[str(item.type)] for item in fields(Answered)}
# What is told of a text is a number or words.
TOLD: dict[str, Kind] = {
    "request": _KINDS["str"],
    "number": _KINDS["int"],
    "at": _KINDS["float"],
    "name": _KINDS["str"],
    "words": _KINDS["str"],
    "figure": _KINDS["float"],
    "source": _KINDS["str"],
}
LABEL = "label"  # the name of the true answer, which is always words


def chosen(columns: Sequence[str] | None, equal: Iterable[str] = ()) -> list[str]:
    """Names of columns to read, all of them for None.

    Raises:
        ValueError: there is no such column, here or among those that have to be equal to something.
    """
    wanted = list(COLUMNS) if columns is None else list(columns)
    if strange := [name for name in (*wanted, *equal) if name not in COLUMNS]:
        raise ValueError(f"no columns of the request log: {', '.join(strange)}")
    return wanted


def answered_values(row: Answered) -> Values:
    """A record as a row of the database."""
    values = vars(row)
    return tuple(_stored(values[name]) for name in COLUMNS)


def told_values(row: Feedback) -> Values:
    """What came back as a row of the database."""
    words, figure = (row.value, None) if isinstance(row.value, str) else (None, float(row.value))
    if row.name == LABEL and figure is not None:
        words, figure = _digits(figure), None
    return tuple(map(_stored, (row.request, row.number, row.at, row.name, words, figure, row.source)))


def answered_table(batches: Iterable[Sequence[Values]], names: Sequence[str]) -> pa.Table:
    """Rows of the database as an Arrow table; scores that are none are NaN."""
    import pyarrow as pa

    schema = pa.schema([(name, _arrow(COLUMNS[name])) for name in names])
    made = []
    for rows in batches:
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [_array(list(values), field.type) for values, field in zip(columns, schema, strict=True)]
            made.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(made, schema=schema)


def told_table(rows: Sequence[Values], name: str) -> pa.Table:
    """`request`, `number`, `at`, `value` of rows (request, number, at, words, figure): values are numbers where all of
    them are and the name is not `label`, else words."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    wordless = name != LABEL and all(words is None for words in columns[3])
    if wordless:
        values = pa.array([math.nan if figure is None else figure for figure in columns[4]], pa.float64())
    else:
        pairs = zip(columns[3], columns[4], strict=True)
        values = pa.array([_digits(figure) if words is None else words for words, figure in pairs], pa.string())
    known = [pa.array(columns[place], _arrow(kind)) for place, kind in enumerate(list(TOLD.values())[:3])]
    return pa.table([*known, values], names=["request", "number", "at", "value"])


def _arrow(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    return pa.type_for_alias(kind.arrow)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_floating(kind):  # SQLite has no NaN: it keeps NULL instead
        values = [math.nan if value is None else value for value in values]
    elif pa.types.is_boolean(kind):
        values = list(map(bool, values))
    return pa.array(values, kind)


def _digits(figure: float | None) -> str:
    """A number as one writes it: 5, not 5.0."""
    if figure is None or math.isnan(figure):
        return "nan"
    return str(int(figure)) if figure == int(figure) and abs(figure) < 1e15 else repr(figure)


def _stored(value: Any) -> Any:
    if isinstance(value, str):  # half characters cannot be kept, and PostgreSQL keeps no zero bytes
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return json.dumps(value, ensure_ascii=True) if isinstance(value, dict) else value


__all__ = [
    "COLUMNS",
    "LABEL",
    "SCHEMA",
    "TOLD",
    "Kind",
    "Values",
    "answered_table",
    "answered_values",
    "chosen",
    "told_table",
    "told_values",
]
