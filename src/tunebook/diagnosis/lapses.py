"""How many labels were given without regard to their row: the lapse rate of a calibrated model of labels.

A hard row lies between classes: a model that is as sure as it is right gives its label a fair chance. A wrong label
lies in the midst of another class. So each label is held for drawn either from what several views say together, each
with a weight that calibrates it, or, in a lapse, from among the other classes, whatever the row. Where views are too
weak to be sure of anything, hard rows explain all, and the rate has a wide interval instead of being large.

Source: the lapse rate of psychometric functions, Wichmann and Hill, 2001; as label noise of logistic regression,
Bootkrajang and Kaban, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tunebook.core.nouns import Interval
from tunebook.diagnosis.probe import softmax

Array = NDArray[Any]
USUAL = 0.03  # share that is labelled otherwise in sets that are known for clean labels
_Z = 1.96
_STARTS = (0.02, 0.25)
_MOST = 0.9  # of the rate at which labels say nothing
_WEIGHT = (-7.0, 3.0)  # log of the least and the largest
_LEAST = 1e-12


@dataclass(frozen=True)
class Labelled:
    """Rows as some views see them.

    Attributes:
        views: scores, of which differences are log odds up to a factor, (V, N, C). labels: (N,).
        flips: chance of each label in a lapse, by the class that the row is of, (C, C).
    """

    views: Array
    labels: Array
    flips: Array

    @staticmethod
    def of(views: Sequence[Array], labels: Array, flips: Array | None = None) -> Labelled:
        """With any label as likely in a lapse where nothing is known of flips; a class of which a view knows nothing,
        -inf there, is as unlikely as the least likely one."""
        scores = np.stack([np.asarray(view, np.float64) for view in views])
        least = np.where(np.isfinite(scores), scores, np.inf).min(axis=2, keepdims=True)
        scores = np.where(np.isfinite(scores), scores, np.where(np.isfinite(least), least, 0.0))
        if flips is None:
            flips = evenly(np.zeros((scores.shape[2],) * 2))
        return Labelled(scores, labels, flips)

    def clean(self, logs: Array) -> Array:
        """Chance of each class without lapses, (N, C), by the log of each view's weight."""
        return softmax(np.tensordot(np.exp(logs), self.views, 1))

    def loss(self, logs: Array, rate: float) -> tuple[float, Array]:
        """How little the labels are expected, in nats, and its slope by the logs and the rate."""
        chances, row = self.clean(logs), np.arange(len(self.labels))
        each = rate * self.flips[:, self.labels].T
        each[row, self.labels] += 1 - rate
        weighed = chances * each
        found = np.maximum(weighed.sum(1), _LEAST)
        wrong = (chances * self.flips[:, self.labels].T).sum(1) - chances[row, self.labels]
        apart = (weighed - chances * found[:, None]) / found[:, None]
        slope = [float((apart * view).sum()) * weight for view, weight in zip(self.views, np.exp(logs), strict=True)]
        return -float(np.log(found).sum()), -np.array([*slope, float((wrong / found).sum())])

    def doubts(self, logs: Array, rate: float) -> Array:
        """How likely each label is to be wrong, (N,)."""
        chances = self.clean(logs)
        other = rate * (chances * self.flips[:, self.labels].T).sum(1)
        own = (1 - rate) * chances[np.arange(len(self.labels)), self.labels]
        return np.asarray(other / np.maximum(other + own, _LEAST))


@dataclass(frozen=True)
class Lapses:
    """The rate, with the interval of its profile likelihood; p_value: that it is no more than usual, by the ratio of
    likelihoods; loss: at the rate, in nats; logs: of the weights of each part's views."""

    rate: Interval
    p_value: float
    loss: float
    logs: list[Array]


def lapses(*parts: Labelled) -> Lapses:
    """One rate of several parts, of which each has weights of its own."""
    most = _MOST * (1 - 1 / parts[0].views.shape[2])
    starts = [_fit(parts, (0.0, most), start) for start in _STARTS]
    best, at = min(starts, key=lambda one: one[0])
    value = float(at[-1])

    def beyond(rate: float) -> float:
        return float(np.sqrt(max(2 * (_fit(parts, (rate, rate), rate, at)[0] - best), 0.0))) - _Z

    low = _root(beyond, 0.0, value)
    high = _root(beyond, most, value)
    p_value = float(ndtr(-(beyond(USUAL) + _Z))) if value > USUAL else 1.0
    ends = np.cumsum([len(part.views) for part in parts])[:-1]
    return Lapses(Interval(value=value, low=low, high=high), p_value, best, np.split(at[:-1], ends))


def evenly(confusions: Array) -> Array:
    """Shares of each row of counts (C, C) off the diagonal, one more each."""
    found = confusions + 1.0
    np.fill_diagonal(found, 0.0)
    return np.asarray(found / found.sum(1, keepdims=True))


def confused(part: Labelled) -> Array:
    """Flips as labels stand where the views say another class."""
    said = part.clean(lapses(part).logs[0]).argmax(1)
    found = np.zeros_like(part.flips)
    np.add.at(found, (said, part.labels), 1.0)
    return evenly(found)


def likelier(part: Labelled, told: Array) -> Labelled:
    """The same rows with any label as likely in a lapse, or with flips that other rows tell, whichever they bear out:
    flips of the same rows would be those of hard ones."""
    other = replace(part, flips=told)
    return min(part, other, key=lambda one: lapses(one).loss)


def _fit(
    parts: Sequence[Labelled], bounds: tuple[float, float], start: float, at: Array | None = None
) -> tuple[float, Array]:
    """The least loss with a rate between bounds, and where it is: logs of all weights, and the rate."""
    from scipy.optimize import minimize

    sizes = [len(part.views) for part in parts]
    ends = np.cumsum(sizes)

    def loss(place: Array) -> tuple[float, Array]:
        total, slope = 0.0, np.zeros_like(place)
        for part, size, end in zip(parts, sizes, ends, strict=True):
            value, by = part.loss(place[end - size : end], float(place[-1]))
            total += value
            slope[end - size : end] = by[:-1]
            slope[-1] += by[-1]
        return total, slope

    first = np.append(np.full(ends[-1], np.log(0.5)) if at is None else at[:-1], start)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=[*[_WEIGHT] * int(ends[-1]), bounds])
    return float(found.fun), np.asarray(found.x)


def _root(beyond: Any, end: float, value: float) -> float:
    """Where that is 0 between an end and the best value; the end where it is nowhere."""
    from scipy.optimize import brentq

    return float(brentq(beyond, end, value, xtol=1e-3)) if beyond(end) > 0 else end


__all__ = ["USUAL", "Labelled", "Lapses", "confused", "evenly", "lapses", "likelier"]
