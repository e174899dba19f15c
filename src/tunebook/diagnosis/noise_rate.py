"""How many labels are wrong, told by the rows of which nobody doubts what they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.diagnosis.better import at_least
from tunebook.diagnosis.cause import SURE
from tunebook.diagnosis.seen import Seen

Array = NDArray[Any]
NOTHING = Interval(value=0.0, low=0.0, high=0.0)
_SUREST = (1 / 3, 1 / 6, 1 / 10)  # of the rows
_USUAL = 0.03  # share of them that is labelled otherwise in sets that are known for clean labels


@dataclass(frozen=True)
class Rate:
    """Labels that are wrong among the surest rows.

    Attributes:
        rate: of wrong labels; p_value: that it is no more than usual; wrong of rows; places of those that are doubted.
    """

    rate: Interval
    p_value: float
    wrong: int
    rows: int
    places: NDArray[np.int64]


def rates(seen: Seen) -> tuple[Rate, Rate]:
    """Of the split, by what run and probe agree on, and of the training rows, by probes that did not see them.

    On rows of another kind than the training rows both may be sure and wrong: there the rate of the training rows
    stands for both, where it is lower.
    """
    learnt = rate(seen.probe.chances, seen.train_true)
    judged = rate((seen.run_chances + seen.probe_chances) / 2, seen.true)
    if seen.apart.p_value <= SURE and learnt.rate.value < judged.rate.value:
        judged = replace(judged, rate=learnt.rate, p_value=max(learnt.p_value, judged.p_value))
    return judged, learnt


def rate(chances: Array, labels: Array) -> Rate:
    """The share of labels (N,) that are not the likeliest class, of the rows whose likeliest class is surest by chances
    (N, C): a third of them, a sixth and a tenth.

    Wrong labels are as frequent among the surest as anywhere, whereas rows that are merely hard to tell become the
    fewer the surer one is: the part with fewest speaks. As in the anchor points of Patrini et al., Making deep neural
    networks robust to label noise, 2017.
    """
    from tunebook.stats.proportion import wilson_interval

    said, sure = chances.argmax(1), chances.max(1)
    order = np.argsort(-sure, kind="stable")
    parts = []
    for part in _SUREST:
        first = order[: max(int(len(labels) * part), 1)]
        wrong = int((said[first] != labels[first]).sum())
        parts.append((at_least(wrong, len(first), _USUAL), wrong, len(first)))
    p = max(parts)[0]
    _, wrong, rows = min(parts, key=lambda one: one[1] / one[2])
    doubted = np.flatnonzero((said != labels) & (sure >= sure[order[int(len(labels) * _SUREST[0])]]))
    found = wilson_interval(wrong, rows)
    return Rate(found, p, wrong, rows, doubted[np.argsort(-sure[doubted])])


__all__ = ["NOTHING", "Rate", "rate", "rates"]
