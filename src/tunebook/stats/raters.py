"""Means of what several people said of several rows, with intervals that hold for other rows and other people.

Rows and raters are crossed random effects: a row is hard for all, a rater is strict with all. Rows that one rater saw
alone count as much as those that all of them saw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval

Array = NDArray[Any]


@dataclass(frozen=True)
class Crossed:
    """Which row and which rater each of M ratings is of; arrays of shape (M,), numbers from 0 without gaps.

    Attributes:
        weight: of each rating; together 1, and the same for each row.
        unit: which row, or group of rows that were drawn together, each rating is of.
    """

    row: Array
    rater: Array
    weight: Array
    unit: Array

    @classmethod
    def of(cls, rows: Array, raters: Array, groups: Array | None = None) -> Crossed:
        """From any names of rows, raters and groups of rows, where there are any; a rater says one thing of a row."""
        row = np.unique(rows, return_inverse=True)[1]
        rater = np.unique(raters, return_inverse=True)[1]
        each = np.bincount(row)
        unit = row if groups is None else np.unique(groups, return_inverse=True)[1]
        return cls(row, rater, 1.0 / each[row] / len(each), unit)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.row.max(initial=-1)) + 1

    @property
    def units(self) -> int:
        """How many rows or groups were drawn."""
        return int(self.unit.max(initial=-1)) + 1

    @property
    def raters(self) -> int:
        """How many raters there are."""
        return int(self.rater.max(initial=-1)) + 1

    def by_row(self, values: Array) -> Array:
        """Mean of each row, shape (rows,), of values (M,)."""
        return np.bincount(self.row, values * self.weight) * self.rows


@dataclass(frozen=True)
class Spread:
    """Variance of a mean: what the choice of rows gives, and that of raters, with their degrees of freedom."""

    rows: float
    raters: float
    row_freedom: float
    rater_freedom: float

    def half(self, level: float) -> float:
        """Half of the interval: what rows leave open and what raters leave open, each by Student's t with its own
        degrees of freedom, in quadrature. Degrees of freedom for both together (Satterthwaite's) would be many where
        few raters agree by chance.

        Source: Zou and Donner, Construction of confidence limits about effect measures: a general approach, 2008.
        """
        from scipy.special import stdtrit

        parts = (self.rows, self.row_freedom), (self.raters, self.rater_freedom)
        return math.sqrt(sum(part * float(stdtrit(max(freedom, 1), (1 + level) / 2)) ** 2 for part, freedom in parts))


def spread_of(values: Array, crossed: Crossed) -> Spread:
    """Variance of the weighted mean of values (M,), or of anything whose influences on it the values are.

    What rows give is the scatter of their own means, or of their groups; what raters give is their variance component
    by Henderson's first method, which is unbiased whoever saw what.

    Source: Henderson, Estimation of variance and covariance components, 1953.
    """
    mean = float(crossed.weight @ values)
    units, raters = crossed.units, crossed.raters
    sums = np.bincount(crossed.unit, crossed.weight * (values - mean))
    of_rows = float(sums @ sums) * units / max(units - 1, 1)
    shares = np.bincount(crossed.rater, crossed.weight)
    return Spread(of_rows, _rater_component(values, crossed) * float(shares @ shares), units - 1, raters - 1)


def _rater_component(values: Array, crossed: Crossed) -> float:
    """Variance between raters, never below 0; 0 for a single one, who tells nothing of it."""
    seen, by = np.bincount(crossed.row), np.bincount(crossed.rater)
    total, rows, raters = len(values), len(seen), len(by)
    if raters < 2 or rows < 2:
        return 0.0
    off = values - values.mean()
    of_row, of_rater = np.bincount(crossed.row, off), np.bincount(crossed.rater, off)
    squares = [float((of_row**2 / seen).sum()), float((of_rater**2 / by).sum()), float(off @ off)]
    row_part, rater_part = float(seen @ seen) / total, float(by @ by) / total
    expected = [
        [total - row_part, rows - rater_part, rows - 1.0],
        [raters - row_part, total - rater_part, raters - 1.0],
        [total - row_part, total - rater_part, total - 1.0],
    ]
    return max(float(np.linalg.lstsq(np.array(expected), np.array(squares), rcond=None)[0][1]), 0.0)


def crossed_mean(
    values: Array,
    rows: Array,
    raters: Array,
    *,
    groups: Array | None = None,
    centre: float | None = None,
    level: float = 0.95,
) -> Interval:
    """Mean of ratings (M,), each row counted once, with its interval over rows and raters.

    Two rows, or groups, that were not seen, one point above and one below the centre, keep the interval from vanishing
    where all say the same.

    Args:
        rows, raters: names of the row and the rater of each rating, shape (M,). groups: of rows that were drawn
            together, whose number then counts.
        centre: of the two added rows; None for the mean. For a preference (1, 0 or -1) it is 0, which is the interval
            of Bonett and Price for the difference of two paired shares.

    Source: Bonett and Price, Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data, 2012.

    Raises:
        ValueError: no ratings.
    """
    if not len(values):
        raise ValueError("no ratings")
    values = np.asarray(values, dtype=np.float64)
    crossed = Crossed.of(rows, raters, groups)
    count, mean, spread = crossed.units, float(crossed.by_row(values).mean()), spread_of(values, crossed)
    far = 0.0 if centre is None else centre - mean
    moved = 2 * far / (count + 2)  # by the two rows, and what they add to the scatter of the others
    scatter = (count * (count - 1) * spread.rows + 2 * (1 + far**2)) / (count + 2) - moved**2
    whole = Spread(max(scatter / (count + 2), spread.rows), spread.raters, max(count - 1, 1), spread.rater_freedom)
    middle, half = mean + moved, whole.half(level)
    return Interval(value=mean, low=min(middle - half, mean), high=max(middle + half, mean))


__all__ = ["Crossed", "Spread", "crossed_mean", "spread_of"]
