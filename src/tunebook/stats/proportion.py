"""Interval of a share, so many of so many, and of a mean over classes of which each has an interval.

A pseudo-row keeps variances of scores from vanishing where a sample holds no error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units, normal_quantile
from tunebook.stats.counts import Counts

Array = NDArray[Any]

# With hardly an error nothing tells how errors gather in groups: so many errors are taken to fill whole groups.
PRIOR_ERRORS = 0.2
# How many rows are added; they are true and predicted at random. They smooth variances, never scores.
PRIOR_ROWS = 1.0
# A class hardly moves with the mean of very many; its ends are still looked up at this part of the quantile.
_LEAST = 0.05
_NOTHING = 1e-18


def wilson_interval(hits: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of hits / n: keeps its level near 0 and 1, where resampling has nothing to draw from.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Raises:
        ValueError: n is 0, or hits lie outside 0 .. n.
    """
    if n <= 0 or not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no share")
    low, high = wilson_ends(np.array(hits / n), np.array(n), normal_quantile(level))
    return Interval(value=hits / n, low=float(low), high=float(high))


def wilson_ends(share: Array, n: Array, z: Array | float) -> tuple[Array, Array]:
    """Both ends of Wilson's interval of shares out of n rows, which need be no whole number; all of shape (...)."""
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return np.maximum(np.minimum(middle - half, share), 0.0), np.minimum(np.maximum(middle + half, share), 1.0)


def effective_rows(hits: Array, rows: Array, level: float = 0.95) -> Array:
    """How many rows, drawn one by one, tell as much of a share as these rows in groups do.

    The rows are divided by the design effect, the variance of the share over groups against that of single rows, which
    is never taken for less than 1, and multiplied by the squared ratio of the normal quantile to Student's t with one
    degree of freedom for each group but one, so that few groups widen the interval as they should.
    That effect is not told by groups that are all right or all wrong, nor by one or two. Even where the rows of a group
    are all alike, a group tells as much as one row: so much is left to each of them, and two at least to more groups.
    Source: Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, 1998; Dean and Pagano, Evaluating confidence interval methods for binomial proportions
    in clustered surveys, 2015.

    Args:
        hits, rows: of each group, shape (G, ...); groups without rows do not count.

    Returns:
        Shape (...); 0 where there are no rows at all.
    """
    groups, total = (rows > 0).sum(0), rows.sum(0)
    whole = np.maximum(total, 1)
    share = hits.sum(0) / whole
    between = groups / np.maximum(groups - 1, 1) * ((hits - share * rows) ** 2).sum(0)
    errors = share * (1 - share) * total
    size = (rows.astype(float) ** 2).sum(0) / whole
    effect = np.maximum((between + PRIOR_ERRORS * size) / (errors + PRIOR_ERRORS), 1.0)
    from scipy.special import stdtrit

    quantile = stdtrit(np.maximum(groups - 1, 1), (1 + level) / 2)
    least = np.where((share <= 0) | (share >= 1), groups, np.minimum(groups, 2))
    return np.asarray(np.maximum(total / effect * (normal_quantile(level) / quantile) ** 2, least))


def share_interval(hits: Array, rows: Array, level: float = 0.95) -> Interval:
    """Wilson's interval of a share over whole groups; hits and rows of each group, shape (G,)."""
    share = float(hits.sum() / rows.sum())
    low, high = wilson_ends(np.array(share), effective_rows(hits, rows, level), normal_quantile(level))
    return Interval(value=share, low=float(low), high=float(high))


def right_interval(right: Array, units: Units, level: float = 0.95) -> Interval:
    """Wilson's interval of the share of rows that are right, (N,), over whole groups where there are any."""
    if units.codes is None:
        return wilson_interval(int(right.sum()), len(right), level)
    return share_interval(units.sums(right), units.sums(np.ones(len(right))), level)


def at_most_p(right: Array, units: Units, share: float) -> float:
    """Chance that no more rows are right than these, (N,), if each were with the chance `share`: the binomial test,
    exact of rows that were drawn one by one, and of groups with as many rows as tell as much (`effective_rows`)."""
    from scipy.special import betainc

    hits, rows = float(right.sum()), float(len(right))
    if units.codes is not None:
        told = float(effective_rows(units.sums(right), units.sums(np.ones(len(right)))))
        hits, rows = hits * told / rows, told
    return 1.0 if hits >= rows else float(betainc(rows - hits, hits + 1, 1 - share))


def prior_shares(counts: Counts) -> Array:
    """Share of each class in what is true and predicted, shape (C,)."""
    return np.asarray((counts.true + counts.predicted) / max(float(counts.true.sum() + counts.predicted.sum()), 1.0))


@dataclass(frozen=True)
class Parts:
    """Scores of C classes that a macro mean is taken of.

    Attributes:
        values: the scores, shape (C,).
        covariance: of the scores, shape (C, C).
        ends: the ends of each class's own interval (C,), (C,) at a quantile for each class, shape (C,).
        bias: how much too low their mean is on average.
    """

    values: Array
    covariance: Array
    ends: Callable[[Array], tuple[Array, Array]]
    bias: float = 0.0

    def mean(self, quantile: float) -> Interval:
        """Interval of the mean.

        When the mean is as far off as its end, class c is off by only its correlation with the mean times the quantile.
        So the ends of each class are taken there; their distances, in units of that quantile, are its standard
        deviation downwards and upwards, and these add up with the correlations of the classes. For one class this is
        its own interval; for many it comes near the normal interval, as it should.
        Source: the adding up is that of Zou and Donner, Construction of confidence limits about effect measures, 2008.
        """
        classes = len(self.values)
        deviation = np.sqrt(np.maximum(np.diagonal(self.covariance), _NOTHING))
        correlation = self.covariance / np.outer(deviation, deviation)
        np.fill_diagonal(correlation, 1.0)
        with_mean = correlation @ deviation / np.sqrt(max(deviation @ correlation @ deviation, _NOTHING))
        share = np.clip(with_mean, _LEAST, 1.0)
        low, high = self.ends(quantile * share)
        down, up = (self.values - low) / share, (high - self.values) / share
        value, middle = float(self.values.mean()), float(self.values.mean()) + self.bias
        below, above = (np.sqrt(max(arm @ correlation @ arm, 0.0)) / classes for arm in (down, up))
        return Interval(value=value, low=max(0.0, min(middle - below, value)), high=min(1.0, middle + above))


__all__ = [
    "PRIOR_ERRORS",
    "PRIOR_ROWS",
    "Parts",
    "at_most_p",
    "effective_rows",
    "prior_shares",
    "right_interval",
    "share_interval",
    "wilson_ends",
    "wilson_interval",
]
