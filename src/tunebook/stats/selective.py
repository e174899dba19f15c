"""Selective prediction: how right answers are that are given, where those of low scores are withheld."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units, bootstrap_interval

Array = NDArray[Any]
_RESAMPLES = 500


def error_bound(errors: int, given: int, delta: float) -> float:
    """The largest error rate that would show so few errors among the answers given in a share `delta` of samples.

    Source: Clopper and Pearson 1934; 1 where nothing is given.
    """
    from scipy.special import betaincinv

    if errors >= given:
        return 1.0
    return float(betaincinv(errors + 1, given - errors, 1 - delta))


@dataclass(frozen=True)
class Sure:
    """A score from which on answers are given.

    Attributes:
        score: it; bound: of the error rate of what is given, that holds with the confidence asked for.
        given, errors: on the rows that chose it.
    """

    score: float
    bound: float
    given: int
    errors: int


def least_sure(score: Array, right: Array, most_errors: float, delta: float) -> Sure | None:
    """The lowest score from which on the error rate is bounded by `most_errors` in all but a share `delta` of samples.

    Of m rows at most ceil(log2 m) scores are tried, by halving, each with its part of delta, so that the bound holds
    for the one that is chosen on these very rows. None where no score gives such a bound.
    Source: Geifman and El-Yaniv, Selective classification for deep neural networks, 2017, algorithm 1.

    Args:
        score, right: of each answer, shape (M,).
    """
    order = np.argsort(-score, kind="stable")
    ordered, wrong = score[order].astype(np.float64), np.cumsum(~np.asarray(right, dtype=bool)[order])
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # answers of one score are given together
    tries = max(math.ceil(math.log2(max(len(ends), 2))), 1)
    found: Sure | None = None
    low, high = 0, len(ends) - 1
    while low <= high:
        middle = (low + high) // 2
        last = int(ends[middle])
        bound = error_bound(int(wrong[last]), last + 1, delta / (tries + 1))
        if bound <= most_errors:
            found = Sure(_between(ordered, last), bound, last + 1, int(wrong[last]))
            low = middle + 1
        else:
            high = middle - 1
    return found


def _between(ordered: Array, last: int) -> float:
    """A score that this answer reaches and the next one does not."""
    return float(ordered[last] if last + 1 == len(ordered) else (ordered[last] + ordered[last + 1]) / 2)


def curve(score: Array, right: Array) -> tuple[Array, Array]:
    """Coverage and error rate of what is given, for each number of answers given, those of the highest scores first;
    shapes (M,). Answers of one score share what they are given for: each counts with their mean."""
    wrong = _leveled(score, right)
    given = np.arange(1, len(wrong) + 1)
    return given / len(wrong), np.cumsum(wrong) / given


def _leveled(score: Array, right: Array) -> NDArray[np.float64]:
    """Errors in the order of the scores, of equal ones the mean."""
    order = np.argsort(-score, kind="stable")
    wrong = 1.0 - np.asarray(right, dtype=np.float64)[order]
    place = np.cumsum(np.append(False, np.diff(score[order]) != 0))
    return np.asarray((np.bincount(place, weights=wrong) / np.bincount(place))[place])


def area(score: Array, right: Array) -> float:
    """Area under the curve of error rate by coverage: the mean error rate over all coverages; less is better."""
    return float(curve(score, right)[1].mean())


def area_interval(score: Array, right: Array, units: Units) -> Interval:
    """Its 95 % interval over rows, or their groups."""
    return bootstrap_interval(
        lambda rows: area(score[rows], right[rows]), units, resamples=_RESAMPLES, method="percentile"
    )


__all__ = ["Sure", "area", "area_interval", "curve", "error_bound", "least_sure"]
