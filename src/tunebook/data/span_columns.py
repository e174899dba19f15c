"""Columns of places in texts: marked ones, and those of words; counted in code points, the end exclusive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.data.options import DataOptions

_ENDS = [("start", pa.int32()), ("end", pa.int32())]
# A column of marked places, and one of the words of a text with a tag each.
SPANS = pa.list_(pa.struct([*_ENDS, ("label", pa.string())]))
TAGGED = pa.list_(pa.struct([*_ENDS, ("tag", pa.string())]))
WORDS = pa.list_(pa.struct(_ENDS))


def column_of(kind: pa.DataType, table: pa.Table, told: DataOptions) -> str | None:
    """The column of this type: the one that was told to be the label, else the first."""
    found = [field.name for field in table.schema if field.type == kind]
    return told.label if told.label in found else next(iter(found), None) if told.label is None else None


def lengths_of(lists: pa.ListArray) -> NDArray[np.int64]:
    """How many items each row has, 0 where it is null."""
    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(), dtype=np.int64)


def spans_of(
    counts: NDArray[np.int64], places: tuple[Any, Any], labels: pa.Array, null: pa.Array | None = None
) -> pa.ListArray:
    """A column of spans: how many each row has, and starts, ends and labels of all."""
    parts = [pa.array(np.asarray(place), pa.int32()) for place in places]
    inner = pa.StructArray.from_arrays([*parts, labels], fields=list(SPANS.value_type))
    ends = pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32))
    return pa.ListArray.from_arrays(ends, inner, type=SPANS, mask=null)


__all__ = ["SPANS", "TAGGED", "WORDS", "column_of", "lengths_of", "spans_of"]
