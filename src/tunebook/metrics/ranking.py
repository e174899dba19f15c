"""Scores that need only the order of the answers: AUC and label ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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


__all__ = ["auc", "label_ranking", "macro_auc", "tie_starts"]
