"""Scores that have no sums: of the order of answers (AUC, label ranking), and of numbers against numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.links import nearest_level, softmax
from tunebook.core.metric import Drawn

Array = NDArray[Any]

# Below this spread, relative to the size of the values, rounding errors are all that is left.
_FLAT = 1e-13


@dataclass(frozen=True)
class Compared(Drawn):
    """Answers, shape (N, ...), that a score of all rows holds against the targets, shape (N, ...).

    Attributes:
        varied: answers that are all alike have no score, which in a comparison is 0.
    """

    score: Callable[[Array, Array], Any]
    answers: Array
    targets: Array
    varied: bool = False

    @cached_property
    def finite(self) -> bool:
        """Whether all answers are numbers."""
        return bool(np.isfinite(self.answers).all())

    def whole(self) -> float:
        """The score of all rows; NaN where it has none."""
        return float(self.score(self.answers, self.targets))

    def at(self, rows: NDArray[np.int64]) -> float:
        """The score of some rows; 0 where not all answers are numbers."""
        chosen = self.answers[rows]
        if not self.finite or (self.varied and not (chosen != chosen[0]).any()):
            return 0.0
        return float(self.score(chosen, self.targets[rows]))


def auc(scores: Array, positive: Array, weights: Array | None = None) -> Array:
    """Chance that a positive row scores above a negative one, a tie counting one half (area under the ROC curve).

    Args:
        scores: shape (N,).
        positive: 0 and 1, shape (N,).
        weights: how often each row counts, shape (..., N): one AUC for each resample, after a single sort.

    Returns:
        Shape (...); NaN where one of the two classes is absent or a score is not a number.
    """
    counted = np.ones(len(scores)) if weights is None else np.moveaxis(weights, -1, 0)
    if np.isnan(scores).any():
        return np.full(counted.shape[1:], np.nan)
    order = np.argsort(scores, kind="stable")
    is_yes = np.asarray(positive, dtype=bool)[order]
    starts = _merged(tie_starts(np.asarray(scores)[order]), is_yes)
    # Rows come first from here on: whole lines of resamples are then moved and added at once.
    every = np.add.reduceat(counted[order], starts, axis=0)
    yes = np.zeros_like(every)
    if is_yes.any():
        group = np.searchsorted(starts, np.flatnonzero(is_yes), side="right") - 1
        first = tie_starts(group)
        yes[group[first]] = np.add.reduceat(counted[order[is_yes]], first, axis=0)
    no = every - yes
    wins = (yes * (np.cumsum(no, axis=0) - no / 2)).sum(0)
    pairs = yes.sum(0) * no.sum(0)
    return np.asarray(np.divide(wins, pairs, out=np.full(np.shape(pairs), np.nan), where=pairs > 0))


def _merged(starts: Array, is_yes: Array) -> Array:
    """Starts of groups of equal scores, neighbouring groups without a positive row made one: their order is idle."""
    has = np.logical_or.reduceat(is_yes, starts)
    return np.asarray(starts[has | np.r_[True, has[:-1]]])


def macro_auc(scores: Array, targets: Array, weights: Array | None = None) -> Array:
    """Mean of the AUC of each column of `scores` (N, C) against `targets` (N, C) of 0 and 1.

    Columns that have no positive or no negative row have no AUC and are left out; NaN where none has one.
    """
    weights = None if weights is None else np.asfortranarray(weights)
    values = np.stack([auc(scores[:, c], targets[:, c], weights) for c in range(scores.shape[1])], axis=-1)
    known = ~np.isnan(values)
    count = known.sum(-1)
    total = np.where(known, values, 0.0).sum(-1)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))


def tie_starts(ordered: Array) -> Array:
    """Positions at which a new value begins in a sorted array (N,)."""
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])


def average_precision(scores: Array, positive: Array) -> float:
    """The mean, over positive rows, of the share of positive ones among all rows that score as high or higher; NaN
    where there is none.

    Args:
        scores, positive: shape (N,), the second 0 and 1.

    Source: Zhu, Recall, precision and average precision, 2004; rows of equal scores count together.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    yes = np.asarray(positive, dtype=bool)[order]
    ends = np.r_[tie_starts(np.asarray(scores)[order])[1:], len(order)] - 1
    found = np.cumsum(yes)[ends]
    gained = np.diff(found, prepend=0)
    return float((gained * found / (ends + 1)).sum() / yes.sum()) if yes.any() else float("nan")


def label_ranking(scores: Array, targets: Array) -> float:
    """Label ranking average precision of `scores` (N, C) against `targets` (N, C) of 0 and 1.

    For each true label, the share of true ones among the labels ranked at or above it; mean over a row's true
    labels, then over rows. Rows with no true label, or with all, count as 1.
    Source: Tsoumakas, Katakis and Vlahavas, Mining multi-label data, 2010.
    """
    from scipy.stats import rankdata  # scipy.stats is slow to import, and few tasks have several labels a row

    true = np.asarray(targets, dtype=bool)
    among_all = rankdata(-scores, method="max", axis=1)
    among_true = rankdata(np.where(true, -scores, np.inf), method="max", axis=1)
    count = true.sum(1)
    rows = np.where(true, among_true / among_all, 0.0).sum(1) / np.maximum(count, 1)
    return float(np.where((count == 0) | (count == true.shape[1]), 1.0, rows).mean())


def single_label_auc(logits: Array, targets: Array, weights: Array | None = None) -> Array:
    """AUC of rows with one label each: binary for two classes, else the mean of each class against the rest.

    `weights` (..., N) say how often each row counts and give one AUC for each resample.
    """
    if logits.shape[1] == 2:
        return auc(np.asarray(logits, dtype=np.float64) @ np.array([-1.0, 1.0]), targets == 1, weights)
    return macro_auc(softmax(logits), np.eye(logits.shape[1], dtype=bool)[targets], weights)


def explained(predicted: Array, target: Array) -> float:
    """Share of the variance of numbers (N,) that is explained (R2); NaN for a constant target."""
    spread = float(((target - target.mean()) ** 2).mean())
    return float("nan") if _flat(target) else 1 - float(((predicted - target) ** 2).mean()) / spread


def root_error(predicted: Array, target: Array) -> float:
    """Root of the mean squared error of numbers (N,)."""
    return float(np.sqrt(((predicted - target) ** 2).mean()))


def pearson(x: Array, y: Array, weights: Array | None = None) -> Array:
    """Linear correlation of x and y over their last axis, NaN where one of them is constant.

    Args:
        x, y: shape (N,), or (..., N) to match the weights.
        weights: how often each row counts, shape (..., N): one correlation for each resample.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weights = np.ones(x.shape[-1]) if weights is None else weights
    total = weights.sum(-1)

    def centred(values: Array) -> tuple[Array, Array]:
        off = values - ((weights * values).sum(-1) / total)[..., None]
        spread = (weights * off**2).sum(-1)
        size = np.abs(values).max(-1)
        return off, np.where(spread > total * (_FLAT * size) ** 2, spread, 0.0)

    (dx, sx), (dy, sy) = centred(x), centred(y)
    below = np.sqrt(sx) * np.sqrt(sy)
    above = (weights * dx * dy).sum(-1)
    value = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return np.asarray(np.clip(value, -1.0, 1.0))


def spearman(x: Array, y: Array, weights: Array | None = None) -> Array:
    """Rank correlation of x and y (N,), ties sharing their mean rank; NaN where one of them is constant.

    `weights` (..., N) say how often each row counts and give one correlation for each resample.
    """
    weights = np.ones(len(x)) if weights is None else weights
    if np.isnan(x).any() or np.isnan(y).any():
        return np.full(weights.shape[:-1], np.nan)
    return pearson(_mean_ranks(np.asarray(x), weights), _mean_ranks(np.asarray(y), weights), weights)


def _mean_ranks(values: Array, weights: Array) -> Array:
    """Ranks in a sample in which row i stands weights[i] times; equal values share their mean rank."""
    order = np.argsort(values, kind="stable")
    starts = tie_starts(values[order])
    group = np.add.reduceat(weights[..., order], starts, axis=-1)
    ranks = np.cumsum(group, axis=-1) - (group - 1) / 2
    of_group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(values)]))
    back = np.empty(len(values), dtype=np.int64)
    back[order] = of_group
    return np.asarray(ranks[..., back])


def _flat(values: Array) -> bool:
    return bool(np.ptp(values) <= _FLAT * np.abs(values).max())


__all__ = [
    "Compared",
    "auc",
    "average_precision",
    "explained",
    "label_ranking",
    "macro_auc",
    "nearest_level",
    "pearson",
    "root_error",
    "single_label_auc",
    "spearman",
    "tie_starts",
]
