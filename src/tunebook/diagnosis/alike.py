"""Classes that are one to whoever reads the rows: a coin draws which of two names a row bears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tunebook.diagnosis.bare import bare
from tunebook.diagnosis.cause import SURE
from tunebook.diagnosis.noise_rate import Rates, rates
from tunebook.diagnosis.probe import crossed
from tunebook.diagnosis.seen import Seen

Classes = NDArray[np.int64]
_APART = 0.8  # area under the curve from which on two classes can be told apart after all: theirs is surely less
_COIN = 0.64  # at which the best cut still errs on two rows of five, where a coin errs on one of two: theirs is no more
_ROWS = 10  # of each class, training rows and others together
_OFTEN = 0.15  # of the rows of both that are taken for the other


@dataclass(frozen=True)
class Pair:
    """Two classes.

    Attributes:
        area: how well a probe tells rows of the one from rows of the other, or bare words do, whichever does better,
            0.5 by chance; rows: of each.
        others: the same for rows of the two against all others: whether these looks can tell any classes apart here.
    """

    one: int
    two: int
    area: float
    rows: tuple[int, int]
    others: float = 1.0

    def p_value(self, apart: float) -> float:
        """That the area is so large."""
        from tunebook.stats.influence import hanley_mcneil

        spread = np.sqrt(hanley_mcneil(*(np.asarray(number) for number in (apart, *self.rows))))
        return float(ndtr((self.area - apart) / spread))

    def swapped(self, true: Classes, said: Classes) -> NDArray[np.bool_]:
        """Rows of the one that are taken for the other, of classes (N,)."""
        there, back = ((true == one) & (said == two) for one, two in ((self.one, self.two), (self.two, self.one)))
        return np.asarray(there | back)


@dataclass(frozen=True)
class Alike:
    """Pairs that are one class; p_value: that the surest of them are two, corrected for all that were looked at.

    Attributes:
        labels: how many labels are wrong where such pairs are held for one class.
    """

    pairs: list[Pair]
    p_value: float
    labels: Rates

    def swapped(self, true: Classes, said: Classes) -> NDArray[np.bool_]:
        """Rows that are taken for what is the same, of classes (N,)."""
        found = np.zeros(len(true), dtype=bool)
        for pair in self.pairs:
            found |= pair.swapped(true, said)
        return found


def alike(seen: Seen) -> Alike:
    """Classes that are taken for each other, and that neither a probe of all their rows nor bare words can tell apart.

    Two classes that are hard to tell apart are two: their area is not only surely less than that of classes that are
    told apart, but most likely as good as a coin's. And what cannot tell the two from other classes either
    is no witness. All errors may go one way: where nothing tells the two apart, the more frequent one is always said.
    Wrong labels blur classes that are two: their rate, measured while doubtful pairs are held for one, takes as much
    off all areas.
    """
    count = len(seen.names)
    pairs = _confused(seen) if count > 2 else []

    def below(clean: float) -> tuple[list[Pair], Rates]:
        apart, coin = (0.5 + (area - 0.5) * clean for area in (_APART, _COIN))
        left = [pair for pair in pairs if pair.area <= coin and pair.others >= apart]
        left = [pair for pair in left if len(pairs) * pair.p_value(apart) <= SURE]
        return left, rates(seen, joined(left, count))

    found, labels = below(1.0)
    clean = 1 - labels.both.rate.value * (labels.p_value <= SURE)
    if found:
        found, labels = below(clean)
    apart = 0.5 + (_APART - 0.5) * clean
    return Alike(found, min([len(pairs) * pair.p_value(apart) for pair in found], default=1.0), labels)


def joined(pairs: Sequence[Pair], count: int) -> Classes:
    """Numbers of classes, shape (count,), where pairs share one; their own where that would leave a single class."""
    number = np.arange(count)
    for pair in pairs:
        number[number == number[pair.one]] = number[pair.two]
    names, found = np.unique(number, return_inverse=True)
    return np.arange(count) if len(names) < 2 else np.asarray(found, dtype=np.int64)


def _confused(seen: Seen) -> list[Pair]:
    """Pairs that are often taken for each other and have enough rows, those of the split and training rows together, so
    that a class with few of the latter is judged by the others."""
    from tunebook.stats.ranking import auc

    count, own = len(seen.names), np.concatenate([seen.train_true, seen.true])
    confused = np.zeros((count, count))
    np.add.at(confused, (seen.true, seen.said), 1.0)
    there, rows = (np.bincount(of, minlength=count) for of in (seen.true, own))
    often = (confused + confused.T) >= np.maximum(_OFTEN * (there[:, None] + there), 2)
    pairs = [(one, two) for one, two in combinations(range(count), 2) if often[one, two]]
    pairs = [(one, two) for one, two in pairs if min(rows[one], rows[two]) >= _ROWS]
    if not pairs:
        return []
    chances = crossed(np.concatenate([seen.train_vectors, seen.vectors]), own, count).chances
    sure = np.log(np.maximum(chances, 1e-12))
    words = bare([*seen.train_texts, *seen.texts], own, seen.texts[:1], count, seen.chinese).learnt
    found = []
    for one, two in pairs:
        mine = (own == one) | (own == two)
        odds = ((scores[:, one] - scores[:, two])[mine] for scores in (sure, words))
        area = max(float(auc(side, own[mine] == one)) for side in odds)
        others = max(float(auc(_odds(scores, (one, two)), mine)) for scores in (sure, words))
        found.append(Pair(one, two, area, (int(rows[one]), int(rows[two])), others))
    return found


def _odds(likely: NDArray[np.float64], pair: tuple[int, int]) -> NDArray[np.float64]:
    """Log of how likely rows (N, C) are in either of two classes, less that of all others."""
    mine = np.isin(np.arange(likely.shape[1]), pair)
    return np.asarray(np.logaddexp.reduce(likely[:, mine], 1) - np.logaddexp.reduce(likely[:, ~mine], 1))


__all__ = ["Alike", "Pair", "alike", "joined"]
