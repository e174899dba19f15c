"""What a sample was drawn of, single rows or whole groups of them, and how they are shared out into folds.

What is chosen on some folds can be judged on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Array = NDArray[Any]
FOLDS = 10
_STRIDE, _RANGE = 2654435761, 1 << 32  # 2^32 over the golden ratio: its multiples fall evenly and follow no period


@dataclass(frozen=True)
class Units:
    """The units that were drawn at random.

    Attributes:
        rows: number of rows N.
        codes: number 0 .. G - 1 of each row's group, shape (N,); None where rows were drawn one by one.
    """

    rows: int
    codes: Array | None = None

    @staticmethod
    def of(rows: int, groups: Array | None) -> Units:
        """The units of rows with these groups, any integers; rows that share no group are drawn one by one."""
        if groups is None:
            return Units(rows)
        codes = np.unique(groups, return_inverse=True)[1]
        if len(codes) != rows:
            raise ValueError(f"{len(codes)} groups do not belong to {rows} rows")
        return Units(rows, codes if codes.max(initial=-1) + 1 < rows else None)

    @property
    def count(self) -> int:
        """How many units there are."""
        return self.rows if self.codes is None else int(self.codes.max()) + 1

    @property
    def size(self) -> float:
        """Rows a unit, as a row sees it: a large group counts for each of its rows."""
        return 1.0 if self.codes is None else float((np.bincount(self.codes) ** 2).sum() / self.rows)

    def sums(self, values: Array) -> Array:
        """Sums over each unit, (count, ...), of values (N, ...)."""
        if self.codes is None:
            return np.asarray(values, dtype=np.float64)
        found = np.zeros((self.count, *np.shape(values)[1:]))
        np.add.at(found, self.codes, values)
        return found

    def scatter(self, values: Array) -> Array:
        """Variance, or covariance matrix, of the sum of values (N,) or (N, C) that add up to about 0."""
        sums = self.sums(values)
        return np.asarray(sums.T @ sums * (self.count / max(self.count - 1, 1)))

    def quantile(self, level: float) -> float:
        """Of Student's t with a degree of freedom for each unit but one."""
        return t_quantile(self.count, level)


def t_quantile(units: float, level: float) -> float:
    """The two-sided quantile of Student's t; one unit is no sample and counts as two."""
    return float(stdtrit(max(units - 1, 1), (1 + level) / 2))


def normal_quantile(level: float) -> float:
    """The two-sided quantile of the normal distribution."""
    return float(ndtri((1 + level) / 2))


def folds_of(rows: int, groups: NDArray[np.int64] | None = None, folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each row, shape (rows,), numbered from 0: the same on every machine, for every table and seed.

    Folds are as large as each other but for one row. Rows of a group stay together: the largest group first, each to
    the fold that has fewest rows. With fewer rows or groups than folds there are fewer folds.

    Args:
        groups: the number 0 .. G - 1 of each row's group. A single group is shared out row by row.
    """
    if groups is None or groups.max(initial=0) == 0:
        order = np.argsort(np.arange(rows, dtype=np.uint64) * np.uint64(_STRIDE) % np.uint64(_RANGE), kind="stable")
        found = np.empty(rows, dtype=np.int64)
        found[order] = np.arange(rows) % folds
        return found
    sizes = np.bincount(groups)
    filled, place = np.zeros(min(folds, len(sizes)), dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        place[group] = filled.argmin()
        filled[place[group]] += sizes[group]
    return place[groups]


__all__ = ["FOLDS", "Units", "folds_of", "normal_quantile", "t_quantile"]
