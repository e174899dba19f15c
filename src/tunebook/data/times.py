"""Moments from what people write: ISO dates and times, 2025/1/4, 2025年1月4日, 20250104, seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.data.columns import text_column

_DATE = re.compile(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*")
UNKNOWN = np.iinfo(np.int64).min


def moments(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Microseconds since 1970 of each row, shape (N,); UNKNOWN where the cell says none."""
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.timestamp("us"), safe=False)
        return np.asarray(pc.fill_null(column.cast(pa.int64()), UNKNOWN).to_numpy())
    coded = text_column(column).combine_chunks().dictionary_encode()
    values = [UNKNOWN if word is None else _moment(word) for word in coded.dictionary.to_pylist()]
    table = np.array([*values, UNKNOWN], dtype=np.int64)
    codes = pc.fill_null(coded.indices, len(values)).to_numpy()
    return np.asarray(table[codes])


def _moment(word: str) -> int:
    match = _DATE.fullmatch(word)
    try:
        if match:
            moment = datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]
        elif re.fullmatch(r"\d{9,11}(?:\.\d+)?", word):
            return int(float(word) * 1_000_000)
        else:
            moment = datetime.fromisoformat(word.strip())
    except ValueError:
        return int(UNKNOWN)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)


__all__ = ["UNKNOWN", "moments"]
