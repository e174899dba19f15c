"""Changes after which another answer is right, or one sentiment must not become less likely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.challenge.changed import Changed
from tunebook.challenge.measure import LEAST, Judge, examples_of, scored
from tunebook.challenge.perturbation import Perturbation
from tunebook.challenge.record import Capability
from tunebook.challenge.sentiment import Sentiment
from tunebook.core.answers import Answers, Rows
from tunebook.core.localized import localized
from tunebook.core.nouns import Labels
from tunebook.stats.calibration import log_softmax
from tunebook.stats.proportion import at_most_p, right_interval
from tunebook.stats.randomization import swap_p

Array = NDArray[Any]
_SLACK = 0.1  # by which a probability may fall without being said to (Ribeiro et al., CheckList, ACL 2020)
_BORNE = 0.05  # share of the rows that may be otherwise than expected


def directed(
    judge: Judge, rows: Rows, before: Answers, changed: Changed, how: Perturbation, sides: Sentiment | None
) -> Capability:
    """What share of changed rows is answered as expected.

    Args:
        rows: that were changed, all that were drawn; before: answers to them; sides: None where nobody told them.
    """
    made = Capability(key=how.key, group=how.capability, source="perturbation", expects=how.expects)
    if sides is None:
        names = " | ".join(judge.labels.names[:6])
        return made.model_copy(update={"skipped": localized("challenge.no_sentiment", names=names)})
    of_sides = {name: sides.number(name, judge.labels) for name in ("positive", "negative")}
    if how.expects == "turned":
        changed = turned_rows(changed, judge.labels, sides)
    made = made.model_copy(update={"rows": len(changed.rows), "unchanged": len(rows) - len(changed.rows)})
    if len(changed.rows) < LEAST:
        few = localized("challenge.few", rows=len(changed.rows), least=LEAST)
        return made.model_copy(update={"skipped": few})
    old, after = before[changed.places], judge.ask(changed.rows, how.key)
    same = rows.at(changed.places.tolist(), columns=True)
    made = made.model_copy(update={"cut": judge.cut(changed.rows), "cut_before": judge.cut(same)})
    if how.expects == "turned":
        return _turned(judge, made, (same, old), (changed.rows, after))
    return _moved(judge, made, (same, old), (changed.rows, after), of_sides[how.expects])


def turned_rows(changed: Changed, labels: Labels, sides: Sentiment) -> Changed:
    """The rows whose label is one of two sentiments, with the other one."""
    positive, negative = (sides.number(name, labels) for name in ("positive", "negative"))
    true = np.asarray(changed.rows.targets)
    kept = np.flatnonzero(np.isin(true, [positive, negative]))
    other = np.where(true[kept] == positive, negative, positive)
    rows = replace(changed.rows.at(kept.tolist(), columns=True), targets=other)
    return replace(changed, rows=rows, places=changed.places[kept])


def _turned(judge: Judge, made: Capability, before: tuple[Rows, Answers], after: tuple[Rows, Answers]) -> Capability:
    """The other label is right now: the score by it, beside that of the same rows before."""
    (same, old), (turned, new) = before, after
    was, met = (_said(judge, answers) == rows.targets for rows, answers in (before, after))
    units = judge.units(turned)

    def fall(swapped: Array) -> float:
        return float(np.where(swapped, met, was).mean() - np.where(swapped, was, met).mean())

    return made.model_copy(
        update={
            "score": scored(judge, turned, new),
            "before": scored(judge, same, old).value,
            "met": right_interval(met, units),
            "flipped": right_interval(_said(judge, old) != _said(judge, new), units),
            "p_value": swap_p(fall, was != met, units),
            "examples": examples_of(judge, before, (turned, new), was & ~met),
        }
    )


def _moved(
    judge: Judge, made: Capability, before: tuple[Rows, Answers], after: tuple[Rows, Answers], side: int
) -> Capability:
    """The probability of one sentiment must not fall: how many rows do as expected."""
    was, now = (np.exp(log_softmax(answers))[:, side] for _, answers in (before, after))
    met = now >= was - _SLACK
    units = judge.units(after[0])
    flipped = _said(judge, before[1]) != _said(judge, after[1])
    return made.model_copy(
        update={
            "met": right_interval(met, units),
            "flipped": right_interval(flipped, units),
            "p_value": at_most_p(met, units, 1 - _BORNE),
            "examples": examples_of(judge, before, after, ~met),
        }
    )


def _said(judge: Judge, answers: Answers) -> Array:
    """The class of each row's answer, shape (N,)."""
    return np.asarray(judge.task.decided(answers, judge.labels))[:, 0]


__all__ = ["directed", "turned_rows"]
