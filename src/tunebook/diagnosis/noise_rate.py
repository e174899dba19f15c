"""How many labels are wrong, of judged and of training rows, by all that was not told the label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import SURE
from tunebook.diagnosis.lapses import Labelled, confused, lapses, likelier
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import scaled

Array = NDArray[Any]
NOTHING = Interval(value=0.0, low=0.0, high=0.0)
_LEAST = 1e-6  # that a probability is taken for


@dataclass(frozen=True)
class Rate:
    """Labels that are wrong.

    Attributes:
        rate: of wrong labels; p_value: that it is no more than usual.
        doubts: how likely each row's label is to be wrong, (N,); other: rows of which the views say another class.
    """

    rate: Interval
    p_value: float
    doubts: Array
    other: int

    @property
    def places(self) -> NDArray[np.int64]:
        """Rows whose label is more likely wrong than right, the likeliest first."""
        order = np.argsort(-self.doubts, kind="stable")
        return order[self.doubts[order] > 0.5]


@dataclass(frozen=True)
class Rates:
    """Of the split, of training rows, and of both."""

    judged: Rate
    learnt: Rate
    both: Rate

    @property
    def p_value(self) -> float:
        """That no labels are wrong, by whichever of the three says most, corrected for three and two kinds of flips."""
        return min(1.0, 6 * min(self.judged.p_value, self.learnt.p_value, self.both.p_value))


def rates(seen: Seen, number: NDArray[np.int64]) -> Rates:
    """The views of the split are the run, a probe and bare words, of training rows a probe and bare words that did not
    see them. Either side tells which labels are taken for which in the other's lapses.

    On rows of another kind than the training rows all may be sure and wrong: there the rate of the training rows
    stands for both, where it is lower.

    Args:
        number: of each class, shape (C,); those that share one are held for one class.
    """
    judged = _labelled([seen.run_chances, seen.probe_chances], seen.bare.judged, seen.true, number)
    learnt = _labelled([seen.probe.chances], seen.bare.learnt, seen.train_true, number)
    judged, learnt = likelier(judged, confused(learnt)), likelier(learnt, confused(judged))
    found = Rates(rate(judged), rate(learnt), rate(judged, learnt))
    own, other = found.judged, found.learnt
    if seen.apart.p_value <= SURE and other.rate.value < own.rate.value:
        fewer = own.doubts * (other.rate.value / own.rate.value)
        return replace(found, judged=replace(other, doubts=fewer, other=own.other), both=other)
    return found


def rate(*parts: Labelled) -> Rate:
    """Of all rows of the parts."""
    found = lapses(*parts)
    sides = list(zip(parts, found.logs, strict=True))
    doubts = np.concatenate([part.doubts(logs, found.rate.value) for part, logs in sides])
    return Rate(found.rate, found.p_value, doubts, sum(_other(part, logs) for part, logs in sides))


def of_errors(found: Rate, mass: Array) -> Interval:
    """The share of the error mass of rows (N,) that is theirs."""
    if not found.rate.value:
        return NOTHING
    return scaled(found.rate, float((found.doubts * mass).sum() / mass.sum()) / found.rate.value)


def _other(part: Labelled, logs: Array) -> int:
    return int((part.clean(logs).argmax(1) != part.labels).sum())


def _labelled(chances: Sequence[Array], likely: Array, labels: Array, number: NDArray[np.int64]) -> Labelled:
    sure = [np.log(np.maximum(one @ np.eye(number.max() + 1)[number], _LEAST)) for one in chances]
    return Labelled.of([*sure, _mixed(likely, number)], number[labels])


def _mixed(likely: Array, number: NDArray[np.int64]) -> Array:
    """Log of how likely rows are in classes (N, C) that share numbers, in which each is equally frequent."""
    size = np.bincount(number)
    mixed = [np.logaddexp.reduce(likely[:, number == one], axis=1) for one in range(len(size))]
    return np.asarray(np.stack(mixed, axis=1) - np.log(size))


__all__ = ["NOTHING", "Rate", "Rates", "of_errors", "rate", "rates"]
