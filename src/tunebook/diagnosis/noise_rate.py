"""How many labels are wrong, told by two views of the rows that have nothing in common but the labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tunebook.core.nouns import Interval
from tunebook.diagnosis.better import at_least
from tunebook.diagnosis.cause import SURE
from tunebook.diagnosis.seen import Seen

Array = NDArray[Any]
NOTHING = Interval(value=0.0, low=0.0, high=0.0)
_SUREST = 1 / 3  # of the rows
_USUAL = 0.03  # share of them that is labelled otherwise in sets that are known for clean labels
_MOST = 2.0  # standard deviations that the second view of one row counts at most


@dataclass(frozen=True)
class Doubts:
    """What two views say of the rows of which the first is surest, shape (n,) each.

    Attributes:
        doubted: whether the first view says another class than the label.
        sides: how far the second view sides with the first against its rival, the label, or, where that is what the
            first says, the first view's second choice.
        places: of all rows that both views doubt, the surest first.
    """

    doubted: NDArray[np.bool_]
    sides: Array
    places: NDArray[np.int64]


@dataclass(frozen=True)
class Rate:
    """Labels that are wrong among the surest rows.

    Attributes:
        rate: of wrong labels; p_value: that it is no more than usual.
        rows: the surest; wrong: those of them whose label the first view doubts; backed: of these those where the
            second view sides with it.
    """

    rate: Interval
    p_value: float
    rows: int
    wrong: int
    backed: int


@dataclass(frozen=True)
class Rates:
    """Of the split, of training rows, and of both; places: of the rows of either that both views doubt."""

    judged: Rate
    learnt: Rate
    both: Rate
    judged_places: NDArray[np.int64]
    learnt_places: NDArray[np.int64]

    @property
    def p_value(self) -> float:
        """That no labels are wrong, by whichever of the three says most, corrected for three."""
        return min(1.0, 3 * min(self.judged.p_value, self.learnt.p_value, self.both.p_value))


def rates(seen: Seen, number: NDArray[np.int64]) -> Rates:
    """The first view of the split is what run and probe agree on, of training rows probes that did not see them; bare
    words are the second.

    On rows of another kind than the training rows all may be sure and wrong: there the rate of the training rows
    stands for both, where it is lower.

    Args:
        number: of each class, shape (C,); those that share one are held for one class.
    """

    def held(chances: Array, second: Array, labels: Array) -> Doubts:
        return doubts(chances @ np.eye(number.max() + 1)[number], _mixed(second, number), number[labels])

    judged = held((seen.run_chances + seen.probe_chances) / 2, seen.bare.judged, seen.true)
    learnt = held(seen.probe.chances, seen.bare.learnt, seen.train_true)
    found = Rates(rate(judged), rate(learnt), rate(judged, learnt), judged.places, learnt.places)
    if seen.apart.p_value <= SURE and found.learnt.rate.value < found.judged.rate.value:
        return replace(found, judged=found.learnt, both=found.learnt)
    return found


def _mixed(likely: Array, number: NDArray[np.int64]) -> Array:
    """Log of how likely rows are in classes (N, C) that share numbers, in which each is equally frequent."""
    size = np.bincount(number)
    mixed = [np.logaddexp.reduce(likely[:, number == one], axis=1) for one in range(len(size))]
    return np.asarray(np.stack(mixed, axis=1) - np.log(size))


def doubts(chances: Array, second: Array, labels: Array) -> Doubts:
    """Hold labels (N,) against the chances (N, C) that a model gives to classes, and against the scores (N, C) of a
    second view, of which differences say which of two classes is likelier."""
    order, row = np.argsort(-chances, axis=1, kind="stable"), np.arange(len(labels))
    said, doubted = order[:, 0], order[:, 0] != labels
    with np.errstate(invalid="ignore"):
        apart = np.nan_to_num(second[row, said] - second[row, np.where(doubted, labels, order[:, 1])])
    spread = float(np.std(apart[np.abs(apart) < np.finfo(np.float64).max])) or 1.0
    sides, surest = np.clip(apart / spread, -_MOST, _MOST), np.argsort(-chances.max(1), kind="stable")
    first, both = surest[: max(int(len(labels) * _SUREST), 1)], (doubted & (sides > 0))[surest]
    return Doubts(doubted[first], sides[first], surest[both])


def rate(*parts: Doubts) -> Rate:
    """The share of labels that are wrong.

    Where the first view says another class than the label, one of the two is wrong. The second view, which says of each
    pair of classes the likelier one, is no better than a coin on rows that the first is wrong about; where the label
    is wrong it sides with the first view as it does on all other rows. So how far it sides with the first view where
    that doubts the label, over the same where it does not, are the wrong labels over the right ones. A weak second view
    makes the interval wide, not the rate large.
    """
    from tunebook.stats.intervals import of_ratio

    doubted, sides = (np.concatenate(side) for side in zip(*((one.doubted, one.sides) for one in parts), strict=True))
    against, wrong, backed = sides[doubted], int(doubted.sum()), int((doubted & (sides > 0)).sum())
    coin = float(ndtr(-against.sum() / max(float(np.sqrt((against**2).sum())), 1e-9)))
    odds = of_ratio(np.stack([np.where(doubted, sides, 0.0), np.where(doubted, 0.0, sides)], axis=1), None)
    p = max(coin, at_least(2 * backed - wrong, len(sides), _USUAL))
    return Rate(_share(odds), p, len(sides), wrong, backed)


def _share(odds: Interval | None) -> Interval:
    """Odds as a share, between 0 and 1; nothing where the second view is no better than a coin anywhere."""
    if odds is None or odds.high < odds.low:
        return NOTHING
    value, low, high = (max(end, 0.0) / (1 + max(end, 0.0)) for end in (odds.value, odds.low, odds.high))
    return Interval(value=value, low=low, high=high)


__all__ = ["NOTHING", "Doubts", "Rate", "Rates", "doubts", "rate", "rates"]
