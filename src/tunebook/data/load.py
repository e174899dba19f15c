"""Prepared rows from the disk, checked against their hash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels, Split
from tunebook.core.task import Rows
from tunebook.data.fingerprint import fingerprint
from tunebook.data.prepare import ROWS

_OURS = ("_id", "_split", "text", "pair", "label", "weight")


def load(ref: DataRef, split: Split) -> Rows:
    """The rows of a split. Targets are int64 class numbers (N,), float32 of 0 and 1 (N, classes) for several labels a
    row, or float32 values (N,) for a regression and for ordered classes.

    Raises:
        DataError: `data.damaged`, rows.parquet is missing, broken or not what was prepared.
    """
    table = load_table(ref)
    return to_rows(table.filter(pc.equal(table["_split"], split)), ref.labels)


def load_table(ref: DataRef) -> pa.Table:
    """All prepared rows as a table.

    Raises:
        DataError: `data.damaged`.
    """
    try:
        table = parquet.read_table(ref.path / ROWS)
    except (OSError, pa.ArrowException) as error:
        raise DataError("data.damaged", key=str(ref.path / ROWS), reason=str(error).split("\n")[0]) from error
    found = fingerprint(table)
    if found != ref.content:
        raise DataError("data.damaged", key=str(ref.path / ROWS), reason=f"{found} != {ref.content}")
    return table


def to_rows(table: pa.Table, labels: Labels) -> Rows:
    """Rows of a prepared table, column by column."""
    names = table.column_names
    return Rows(
        texts=table["text"].to_pylist(),
        pairs=table["pair"].to_pylist() if "pair" in names else None,
        targets=_targets(table["label"], labels) if "label" in names else None,
        ids=table["_id"].to_pylist(),
        weights=table["weight"].to_numpy().astype(np.float32) if "weight" in names else None,
        other={name: table[name].to_pylist() for name in names if name not in _OURS},
    )


def _targets(column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
    if labels.problem == "regression":
        return np.asarray(column.to_numpy(), dtype=np.float32)
    if labels.problem == "multi_label":
        array = column.combine_chunks()
        codes = pc.index_in(pc.list_flatten(array), pa.array(labels.names)).to_numpy()
        targets = np.zeros((len(array), len(labels.names)), dtype=np.float32)
        targets[pc.list_parent_indices(array).to_numpy(), codes] = 1.0
        return targets
    codes = pc.index_in(column, pa.array(labels.names, column.type)).to_numpy()
    return np.asarray(codes, dtype=np.int64 if labels.problem == "single_label" else np.float32)


__all__ = ["load", "load_table", "to_rows"]
