"""Krippendorff's alpha: how far raters agree beyond chance, with any number of them and any gaps.

1 is perfect agreement, 0 what chance gives, and below 0 people disagree on purpose.

Source: Krippendorff, Content analysis, chapter 12; Hayes and Krippendorff, Answering the call for a standard
reliability measure for coding data, 2007.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import RESAMPLES, Units, draw_weights, percentile_ends

Array = NDArray[Any]
Scale = Literal["nominal", "ranked"]
TENTATIVE = 0.667  # below, Krippendorff would draw no conclusion at all
SURE = 0.8


def alpha(counts: Array, scale: Scale) -> float:
    """Alpha of how often each value was given to each unit, shape (units, values), the values in their order.

    NaN where no unit has two ratings, or all ratings are the same, of which alpha says nothing.
    """
    told = _paired(counts)
    return float(_alphas(told, np.ones((1, len(told))), scale)[0])


def alpha_interval(
    counts: Array, scale: Scale, *, groups: Array | None = None, level: float = 0.95, seed: int = 0
) -> Interval:
    """The same with its interval, by drawing units again, or groups (units,) of those that belong together; NaN at both
    ends where there is none."""
    told, kept = _paired(counts), np.asarray(counts).sum(1) > 1
    drawn_by = Units.of(len(told), None if groups is None else np.asarray(groups)[kept])
    value = float(_alphas(told, np.ones((1, len(told))), scale)[0])
    if drawn_by.count < 2 or np.isnan(value):
        return Interval(value=value, low=float("nan"), high=float("nan"))
    each = np.arange(len(told)) if drawn_by.codes is None else drawn_by.codes
    drawn = draw_weights(drawn_by.count, RESAMPLES, np.random.default_rng(seed))
    return percentile_ends(value, np.concatenate([_alphas(told, often[:, each], scale) for often in drawn]), level)


def _paired(counts: Array) -> Array:
    """Units with at least two ratings: only these can agree."""
    found = np.asarray(counts, dtype=np.float64)
    return np.asarray(found[found.sum(1) > 1])


def _alphas(counts: Array, often: Array, scale: Scale) -> Array:
    """Alpha of each resample, shape (B,), in which each unit stands so often, shape (B, units)."""
    if not len(counts):
        return np.full(len(often), np.nan)
    each = counts.sum(1)
    pairs = np.einsum("uc,uk->uck", counts, counts) / (each - 1)[:, None, None]
    observed = np.einsum("bu,uck->bck", often, pairs)  # a value with itself is no disagreement, whatever stands there
    totals = often @ counts
    apart = _apart(totals, scale)
    n = totals.sum(1)
    seen = (observed * apart).sum((1, 2))
    by_chance = np.einsum("bc,bk,bck->b", totals, totals, apart) / (n - 1)
    return np.where(by_chance > 0, 1 - seen / np.where(by_chance > 0, by_chance, 1.0), np.nan)


def _apart(totals: Array, scale: Scale) -> Array:
    """Squared distance of two values, shape (B, values, values); of ranked ones by how many ratings lie between."""
    values = totals.shape[1]
    if scale == "nominal":
        return np.asarray(np.repeat(1.0 - np.eye(values)[None], len(totals), axis=0))
    below = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((below[:, :, None] - below[:, None, :]) ** 2)


__all__ = ["SURE", "TENTATIVE", "alpha", "alpha_interval"]
