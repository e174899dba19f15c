"""Rows that a Python call is given as objects, not as files: frames, datasets, lists of records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tunebook.core.errors import TunebookError
from tunebook.data.cells import missing
from tunebook.data.columns import to_column, to_table

_ROWS = "DataFrame | Dataset | pyarrow.Table | list of dict | dict of list"


def table_of(data: Any) -> pa.Table | None:
    """The rows of an object as a table; None of anything that holds no rows with columns.

    Such are a table of Arrow or whatever can be read as one (polars, DuckDB), a DataFrame of pandas, a Dataset of
    Hugging Face's `datasets`, a dict of columns, and a list of dicts.
    """
    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "with_format") and hasattr(data, "features"):
        return data.with_format("arrow")[:]
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        columns = [_series(data.iloc[:, place]) for place in range(len(data.columns))]
        return pa.Table.from_arrays(columns, names=[str(name) for name in data.columns])
    if hasattr(data, "__arrow_c_stream__") and len(getattr(data, "shape", ())) == 2:
        return pa.table(data)
    columns = list(data.values()) if isinstance(data, Mapping) else []
    if columns and all(map(_is_list, columns)) and len(set(map(len, columns))) == 1:
        return pa.table({str(name): to_column(cells_of(column, str(name))) for name, column in data.items()})
    if _is_list(data) and len(data) and all(isinstance(row, Mapping) for row in data):
        return to_table([{str(name): cell for name, cell in row.items()} for row in data])
    return None


def labelled_table(data: Any) -> pa.Table | None:
    """As `table_of`; a list of [text, label] too."""
    rows = labelled(data)
    return table_of(data) if rows is None else to_table(rows)


def labelled(items: Any) -> list[dict[str, Any]] | None:
    """The rows of a list of [text, label]; None of any other."""
    pairs = isinstance(items, list | tuple) and items
    if not pairs or not all(isinstance(item, list | tuple) and len(item) == 2 for item in items):
        return None
    return [{"text": text, "label": label} for text, label in items]


def json_cells(data: Any) -> Any:
    """Rows whose lists and objects are written as JSON, key by key as they stand: a column would give each object the
    fields of all others, in one order. Anything but records and frames is left as it is."""
    if _is_list(data) and len(data) and all(isinstance(row, Mapping) for row in data):
        return [{name: _json(cell) for name, cell in row.items()} for row in data]
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return {str(name): [None if missing(cell) else _json(cell) for cell in data[name]] for name in data.columns}
    return data


def _json(cell: Any) -> Any:
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | tuple | dict) else cell


def listed(data: Any) -> Any:
    """What can be gone through only once, such as a generator, as a list; anything else as it is."""
    once = isinstance(data, Iterable) and not hasattr(data, "__len__")
    return list(data) if once and not isinstance(data, Path) else data


def cells_of(data: Any, key: str) -> list[Any]:
    """The cells of a list, a generator, a Series or an array of one dimension.

    Raises:
        TunebookError: `call.type`: a single text, which would be taken letter by letter; None; a number; a mapping.
    """
    single = isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable)
    if single or len(getattr(data, "shape", (0,))) != 1:
        raise wrong_rows(data, key, f"list of str | {_ROWS}")
    return list(data.to_pylist() if hasattr(data, "to_pylist") else data)


def wrong_rows(data: Any, key: str, allowed: str = f"str | Path | {_ROWS} | list of [text, label]") -> TunebookError:
    """The error of an object that holds no rows."""
    from tunebook.core.messages import say

    way = say("call.way.list") if isinstance(data, str) else ""
    return TunebookError("call.type", key=key, value=data, kind=type(data).__name__, allowed=allowed, way=way)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or hasattr(value, "to_pylist") or getattr(value, "ndim", 0) == 1


def _series(series: Any) -> pa.Array:
    """A column of pandas. One of objects may hold anything, and NaN where there is nothing."""
    if str(series.dtype) == "object":
        return to_column([None if missing(cell) else cell for cell in series])
    return pa.array(series, from_pandas=True)


__all__ = ["cells_of", "json_cells", "labelled", "labelled_table", "listed", "table_of", "wrong_rows"]
