"""Thresholds of scores: which one gives the highest F1, or a precision that is wanted, and what it is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hits import Found, Hits
from tunebook.stats.bootstrap import Units, bootstrap_interval

Array = NDArray[Any]
_RESAMPLES = 500


def curve(hits: Hits) -> tuple[Array, Array, Array]:
    """Thresholds, the highest first, precision and recall at each, shapes (K,): one between each two scores that differ
    and the lowest score itself, so that each says yes to a pair more than the last, or to several of one score."""
    order = np.argsort(-hits.score, kind="stable")
    scores, right = hits.score[order].astype(np.float64), hits.right[order]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    found = np.cumsum(right)[last]
    below = scores[np.minimum(last + 1, len(scores) - 1)]
    return (scores[last] + below) / 2, found / (last + 1), found / hits.matches


def best_f1(hits: Hits) -> float:
    """The threshold of the highest F1, of equal ones the highest."""
    thresholds, precision, recall = curve(hits)
    both = precision + recall
    scores = np.divide(2 * precision * recall, both, out=np.zeros(len(both)), where=both > 0)
    return float(thresholds[np.argmax(scores)])


def of_precision(hits: Hits, wanted: float) -> float | None:
    """The lowest threshold, which finds the most, of those with this precision or more; None where there is none."""
    thresholds, precision, _ = curve(hits)
    enough = np.flatnonzero(precision >= wanted)
    return float(thresholds[enough[-1]]) if len(enough) else None


def of_recall(hits: Hits, wanted: float) -> float | None:
    """The highest threshold, which is right most often, of those with this recall or more; None where there is none."""
    thresholds, _, recall = curve(hits)
    enough = np.flatnonzero(recall >= wanted)
    return float(thresholds[enough[0]]) if len(enough) else None


def least_cost(score: Array, if_yes: Array, if_no: Array) -> float:
    """The threshold of a probability that costs least: of equal ones the highest.

    Args:
        score: probability of each row, shape (N,); if_yes, if_no: what it costs to say yes or no to it, shapes (N,).
    """
    order = np.argsort(-score, kind="stable")
    most = 2.0 if score.max(initial=0.0) >= 1 else 1.0  # so that yes to no row is one of them
    ordered = np.concatenate([[most], score[order].astype(np.float64), [0.0]])
    total = np.cumsum(np.append(if_no.sum(), (if_yes - if_no)[order]))  # after yes to the first 0, 1, ... rows
    ends = ordered[1:] != ordered[:-1]
    ends[-1] = True
    best = int(np.argmin(np.where(ends, total, np.inf)))
    return float((ordered[best] + ordered[best + 1]) / 2)


def worth(hits: Hits, threshold: float, units: Units) -> Found:
    """What a threshold gives, with 95 % intervals over rows or their groups. Precision is 1 where none reaches it."""
    above = hits.score.astype(np.float64) >= threshold
    parts = [np.bincount(hits.row[chosen], minlength=hits.rows) for chosen in (above & hits.right, above, hits.right)]
    counts = np.stack([parts[0], parts[1], parts[2] + hits.missing], axis=1).astype(np.float64)

    def sums(rows: Array) -> tuple[float, float, float]:
        right, said, there = counts[rows].sum(0)
        return float(right), float(said), float(there)

    def precision(rows: Array) -> float:
        right, said, _ = sums(rows)
        return right / said if said else 1.0

    def recall(rows: Array) -> float:
        right, _, there = sums(rows)
        return right / there if there else 0.0

    def f1(rows: Array) -> float:
        right, said, there = sums(rows)
        return 2 * right / (said + there) if said + there else 0.0

    ends = [
        bootstrap_interval(score, units, resamples=_RESAMPLES, method="percentile") for score in (precision, recall, f1)
    ]
    return Found(rows=hits.rows, reached=int(above.sum()), precision=ends[0], recall=ends[1], f1=ends[2])


__all__ = ["best_f1", "curve", "least_cost", "of_precision", "of_recall", "worth"]
