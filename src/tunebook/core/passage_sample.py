"""Fewer passages, or texts of a class, than a book has, where all of them would take too long: those that are judged
for some rows, and others that are drawn, the same every time."""

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


def of_each(classes: NDArray[Any], most: int, least: int = 2) -> NDArray[np.int64]:
    """Places of at most so many texts with classes, in their order, as far as they go as many of each class; `least`
    of each class at least, or all that it has.

    Args:
        classes: class numbers, shape (N,).
    """
    drawn = np.random.default_rng(_SEED).permutation(len(classes))
    ordered = drawn[np.argsort(classes[drawn], kind="stable")]
    starts = np.flatnonzero(np.diff(classes[ordered], prepend=-1))
    sizes = np.diff(starts, append=len(classes))
    each = least
    while np.minimum(sizes, each + 1).sum() <= most and each < sizes.max(initial=0):
        each += 1
    places = np.arange(len(classes)) - np.repeat(starts, sizes)
    return np.sort(ordered[places < each])


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


__all__ = ["of_each", "others", "with_fewer"]
