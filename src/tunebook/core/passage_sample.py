"""Fewer passages than a book has, where all of them would take too long: those that are judged for some rows, and
others that are drawn, the same every time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged

_SEED = 0  # never that of a run: all of them see the same passages


def others(rows: Rows, most: int) -> NDArray[np.int64]:
    """Numbers of at most so many passages that are judged for none of these rows, in their order."""
    assert rows.passages is not None and rows.targets is not None
    left = np.setdiff1d(np.arange(len(rows.passages)), Judged.of(rows.targets).passage)
    if len(left) <= most:
        return left
    return np.sort(np.random.default_rng(_SEED).choice(left, most, replace=False))


def with_fewer(rows: Rows, most: int) -> Rows:
    """Rows with the passages that are judged for them and at most so many others, numbered anew in their order. Rows
    without passages, or with no more, are what they are."""
    if rows.passages is None or rows.targets is None or len(rows.passages) <= most:
        return rows
    judged = Judged.of(rows.targets)
    numbers = np.union1d(judged.passage, others(rows, most))
    anew = replace(judged, passage=np.searchsorted(numbers, judged.passage))
    names = rows.passage_ids

    def taken(column: Any) -> list[Any]:
        return [column[number] for number in numbers.tolist()]

    return replace(
        rows,
        targets=anew.matrix().astype(rows.targets.dtype),
        passages=taken(rows.passages),
        passage_ids=None if names is None else taken(names),
    )


__all__ = ["others", "with_fewer"]
