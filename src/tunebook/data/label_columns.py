"""The column of labels where it is no column: one a class, or a field of objects; and the names in a file's schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.columns import text_column, to_column
from tunebook.data.label_cells import number_of, read_object

# How a cell says yes, and how it says no beside that; a mark alone has nothing for no.
_WORDS = {"1": "0", "true": "false", "yes": "no", "y": "n", "on": "off", "☑": "☐", "☒": "☐", "是": "否", "有": "无"}
_MARKS = frozenset("x✓✔√✗✘")
_UNKNOWN = frozenset({"", "nan", "null", "none"})
_SCHEMA = b"huggingface"
_NUMBERED = re.compile(r"(.*[^\W\d_])[\s_-]*\d+")


def label_table(table: pa.Table, label: str | None, columns: Sequence[str] | None, file: str) -> pa.Table:
    """The table with the column of labels that was told: joined of several, or a field of objects (`label.name`).

    Args:
        label: its name; columns: those that it is joined of, which are in the table.

    Raises:
        DataError: `data.label_columns`.
    """
    if columns is not None:
        return join_columns(table, columns, file)
    return with_fields(table, [label])


def joined_name(columns: Sequence[str]) -> str:
    """How the column of labels is called that these columns make."""
    return " + ".join(columns)


def join_columns(table: pa.Table, columns: Sequence[str], file: str) -> pa.Table:
    """The table with one column of labels in place of several.

    Of a column for each class it holds vectors of 0 and 1. A cell says that its class applies with 1, true, yes, x or a
    tick, and that it does not with 0, false, no, or with nothing where no cell of its column says no otherwise. A row
    has no labels where one of the columns has nothing else, or a number below 0.

    Of columns that hold names of classes (first label, second label) it holds lists of those names.

    Raises:
        DataError: `data.label_columns`, a cell says neither.
    """
    cells = [_cells(table[name]) for name in columns]
    if all(_holds_names(words) for words in cells):
        rows: list[Any] = [_names(row) for row in zip(*cells, strict=True)]
        kind = pa.string()
    else:
        bits = [_bits(words, name, file) for words, name in zip(cells, columns, strict=True)]
        rows = [None if None in row else list(row) for row in zip(*bits, strict=True)]
        kind = pa.int8()
    place = table.column_names.index(columns[0])
    kept = table.drop_columns(list(columns))
    at = sum(1 for name in table.column_names[:place] if name in kept.column_names)
    return kept.add_column(at, joined_name(columns), pa.array(rows, pa.list_(kind)))


def _cells(column: pa.ChunkedArray) -> list[str]:
    return ["" if word is None else word.strip() for word in text_column(column).to_pylist()]


def _holds_names(words: Sequence[str]) -> bool:
    """Whether a column holds names of classes: words of which none says yes or no."""
    found = {word.lower() for word in words} - _UNKNOWN
    return bool(found) and all(_bit(word) is None for word in found)


def _names(row: Sequence[str]) -> list[str] | None:
    """The classes of a row, each once; None where there is none."""
    return list(dict.fromkeys(word for word in row if word.lower() not in _UNKNOWN)) or None


def _bits(cells: Sequence[str], name: str, file: str) -> list[int | None]:
    words = [word.lower() for word in cells]
    read = {word: _bit(word) for word in dict.fromkeys(words)}
    wrong = next((word for word, bit in read.items() if bit is None), None)
    if wrong is not None:
        raise DataError("data.label_columns", key=name, value=wrong, file=file)
    if 0 not in read.values():
        read[""] = 0  # a column of marks: nothing is no
    known = {word: bit if bit in (0, 1) else None for word, bit in read.items()}
    return [known[word] for word in words]


def _bit(word: str) -> int | None:
    """1 for yes, 0 for no, -1 where it is not known, None for any other word."""
    if word in _WORDS or word in _MARKS:
        return 1
    number = number_of(word)
    if word in _UNKNOWN or (number is not None and number < 0):
        return -1
    return int(number) if number in (0, 1) else 0 if word in _WORDS.values() else None


def numbered_columns(names: Sequence[str]) -> list[str]:
    """The first columns that are called alike but for a number at the end, such as `label 1` and `label 2`."""
    stems: dict[str, list[str]] = {}
    for name in names:
        if found := _NUMBERED.fullmatch(name):
            stems.setdefault(found[1].lower(), []).append(name)
    return next((alike for alike in stems.values() if len(alike) > 1), [])


def bit_columns(table: pa.Table, names: Sequence[str]) -> list[str]:
    """Columns whose every cell says yes or no, in one way: each may be a class."""
    return [name for name in names if _says_yes_or_no(table[name])]


def _says_yes_or_no(column: pa.ChunkedArray) -> bool:
    words = {(text or "").strip().lower().removesuffix(".0") for text in text_column(column).unique().to_pylist()}
    words -= _UNKNOWN
    return bool(words) and (words <= _MARKS or any(words <= {yes, no} for yes, no in _WORDS.items()))


def class_names(schema: pa.Schema, column: str) -> list[str] | None:
    """Names of the classes 0, 1, 2 ... of a column, where the schema has them as the library `datasets` writes it."""
    kept = (schema.metadata or {}).get(_SCHEMA)
    try:
        feature = json.loads(kept)["info"]["features"][column] if kept else None
    except (ValueError, KeyError, TypeError):
        return None
    while isinstance(feature, dict) and "names" not in feature:
        feature = feature.get("feature")
    if isinstance(feature, list) and len(feature) == 1:  # how older versions write a list of classes
        feature = feature[0]
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if names else None


def with_fields(table: pa.Table, names: Iterable[str | None]) -> pa.Table:
    """The table with a column more for each of the names that is a field of a column, and that some row has."""
    for name in names:
        cells = [] if name is None or name in table.column_names else _cells_of(table, name)
        if any(cell is not None for cell in cells):
            table = table.append_column(name, to_column(cells))
    return table


def flat_columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The columns by name, with the fields of objects in place of these."""
    found: dict[str, pa.ChunkedArray] = {}
    for field in table.schema:
        part = table.select([field.name])
        while any(pa.types.is_struct(inner.type) for inner in part.schema):
            part = part.flatten()
        found |= dict(zip(part.column_names, part.columns, strict=True))
    return found


def _cells_of(table: pa.Table, name: str) -> list[Any]:
    outer = next((column for column in table.column_names if name.startswith(f"{column}.")), None)
    if outer is None:
        return []
    rest = name.removeprefix(f"{outer}.")
    cells = table[outer].to_pylist()
    return [_field(cell if isinstance(cell, dict) else read_object(str(cell)), rest) for cell in cells]


def _field(value: Any, path: str) -> Any:
    if not isinstance(value, dict) or path in value:
        return value.get(path) if isinstance(value, dict) else None
    head, _, rest = path.partition(".")
    return _field(value.get(head), rest) if rest else None


__all__ = [
    "bit_columns", "class_names", "flat_columns", "join_columns", "joined_name", "label_table", "numbered_columns",
    "with_fields",
]  # fmt: skip
