"""Work that the cores share by threads: numpy, Arrow and hashes of long bytes leave the interpreter to others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from tunebook.data.ledger import Numbers

_ROWS = 1 << 16
# Arrow's own allocator asks for huge pages: where the system has none at hand, finding some takes longer than the work.
if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
    pa.set_memory_pool(pa.system_memory_pool())
Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What the work makes of each item, in their order."""
    with ThreadPoolExecutor(pa.cpu_count()) as hands:
        return list(hands.map(work, items))


def pieces(column: pa.ChunkedArray) -> list[pa.Array]:
    """A column in pieces for `each`, small enough that what is made of one is not left in memory for long."""
    return [chunk.slice(start, _ROWS) for chunk in column.chunks for start in range(0, len(chunk), _ROWS)]


def places_where(column: pa.ChunkedArray, test: Callable[[pa.Array], Any]) -> Numbers:
    """Places of the cells of which a test holds.

    Args:
        test: gives for each cell of a piece whether it holds; a null says no.
    """
    holds = each(lambda piece: test(piece).fill_null(False).to_numpy(zero_copy_only=False), pieces(column))
    return np.flatnonzero(np.concatenate([np.zeros(0, dtype=bool), *holds]))


__all__ = ["each", "pieces", "places_where"]
