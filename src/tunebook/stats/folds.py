"""Folds: rows shared out so that what is chosen on some of them can be judged on the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 10
_STRIDE, _WIDTH = 2654435761, 1 << 32  # 2^32 over the golden ratio: its multiples fall evenly and follow no period


def folds_of(rows: int, groups: NDArray[np.int64] | None = None, folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each row, shape (rows,), numbered from 0: the same on every machine, for every table and seed.

    Folds are as large as each other but for one row. Rows of a group stay together: the largest group first, each to
    the fold that has fewest rows. With fewer rows or groups than folds there are fewer folds.

    Args:
        groups: the number 0 .. G - 1 of each row's group. A single group is shared out row by row.
    """
    if groups is None or groups.max(initial=0) == 0:
        order = np.argsort(np.arange(rows, dtype=np.uint64) * np.uint64(_STRIDE) % np.uint64(_WIDTH), kind="stable")
        found = np.empty(rows, dtype=np.int64)
        found[order] = np.arange(rows) % folds
        return found
    sizes = np.bincount(groups)
    filled, place = np.zeros(min(folds, len(sizes)), dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        place[group] = filled.argmin()
        filled[place[group]] += sizes[group]
    return place[groups]


__all__ = ["FOLDS", "folds_of"]
