"""Scores of numbers: regression, and ordered classes that are predicted as a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.metrics import counts as by_count
from tunebook.metrics.ranking import tie_starts

Array = NDArray[Any]

# Below this spread, relative to the size of the values, rounding errors are all that is left.
_FLAT = 1e-13


def regression_scores(pred: Array, target: Array) -> dict[str, float]:
    """Scores of predicted numbers against true ones, both of shape (N,).

    Returns:
        mse, rmse, mae, r2, pearson, spearman. r2 is NaN for a constant target; both correlations are NaN where
        either side is constant, since no order can be seen in it. A prediction that is not a number makes all NaN.

    Raises:
        ValueError: no rows, or shapes that do not belong together.
    """
    pred, target = _checked(pred, target)
    error = pred - target
    mse = float((error**2).mean())
    spread = float(((target - target.mean()) ** 2).mean())
    return {
        "mse": mse,
        "rmse": float(np.sqrt(mse)),
        "mae": float(np.abs(error).mean()),
        "r2": 1 - mse / spread if not _flat(target) else float("nan"),
        "pearson": float(pearson(pred, target)),
        "spearman": float(spearman(pred, target)),
    }


def ordinal_scores(pred: Array, target: Array, levels: int) -> dict[str, float]:
    """Scores of ordered classes 0 .. levels - 1 that are predicted as a number, both of shape (N,).

    Predictions are rounded to the nearest level (halves upwards) for accuracy, macro_f1 and qwk (Cohen's kappa with
    squared distances as weights); mae and spearman use them as they are.

    Returns:
        accuracy, macro_f1, qwk, mae, spearman; all NaN where a prediction is not finite.

    Raises:
        ValueError: no rows, or shapes that do not belong together.
    """
    pred, target = _checked(pred, target)
    if not np.isfinite(pred).all():
        return dict.fromkeys(("accuracy", "macro_f1", "qwk", "mae", "spearman"), float("nan"))
    confusion = by_count.confusion_matrix(target.astype(np.int64), nearest_level(pred, levels), levels)
    counts = by_count.counts_of_confusion(confusion)
    return {
        "accuracy": float(by_count.accuracy(counts)),
        "macro_f1": float(by_count.macro_f1(counts)),
        "qwk": float(by_count.quadratic_kappa(confusion)),
        "mae": float(np.abs(pred - target).mean()),
        "spearman": float(spearman(pred, target)),
    }


def nearest_level(pred: Array, levels: int) -> NDArray[np.int64]:
    """The level 0 .. levels - 1 nearest to each prediction; halves go upwards."""
    return np.clip(np.floor(np.asarray(pred, dtype=np.float64) + 0.5), 0, levels - 1).astype(np.int64)


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


def _checked(pred: Array, target: Array) -> tuple[Array, Array]:
    pred, target = np.asarray(pred, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if pred.ndim != 1 or pred.shape != target.shape or not len(pred):
        raise ValueError(f"predictions of shape {pred.shape} and targets of shape {target.shape} cannot be scored")
    return pred, target


__all__ = ["nearest_level", "ordinal_scores", "pearson", "regression_scores", "spearman"]
