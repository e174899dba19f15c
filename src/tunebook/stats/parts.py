"""Interval of a mean over classes, from an interval of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval

Array = NDArray[Any]

# A class hardly moves with the mean of very many; its ends are still looked up at this part of the quantile.
_LEAST = 0.05
_NOTHING = 1e-18


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


__all__ = ["Parts"]
