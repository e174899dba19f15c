"""From which probability on a class is given: for a wanted precision or recall, or by what answers cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.business import Business
from tunebook.core.calibrates import Change, Cuts
from tunebook.core.errors import DataError, PlanError
from tunebook.core.hits import Hits
from tunebook.core.nouns import Interval, Labels
from tunebook.stats.influence import mean_interval
from tunebook.stats.intervals import of_micro_f1, of_right, of_share
from tunebook.stats.threshold import least_cost, of_precision, of_recall
from tunebook.verbs.steps.business import OwnMetric
from tunebook.verbs.steps.chances import Side

Array = NDArray[Any]
_HALF = 0.5


def one_of_two(labels: Labels) -> bool:
    """Whether one threshold decides between two classes."""
    return labels.kind.classes == "one" and len(labels.names) == 2


def ways(labels: Labels) -> tuple[str, ...]:
    """What such answers can have thresholds for: of more than two classes, one a row, only costs decide."""
    if labels.kind.classes not in ("one", "several"):
        return ()
    return ("cost",) if labels.kind.classes == "one" and not one_of_two(labels) else ("precision", "recall", "cost")


def decides(metric: Business, labels: Labels) -> bool:
    """Whether an owner's metric chooses thresholds: of more than one decision a row only a table of costs does."""
    return bool(metric.costs) or one_of_two(labels)


@dataclass(frozen=True)
class Wish:
    """What thresholds are chosen for.

    Attributes:
        by: `precision`, `recall` or `cost`; share: that is wanted of the first two.
        name: of the class that a threshold of two is of; empty for the last one.
        valid, test: the owner's metric of costs, bound to either split's rows.
    """

    by: str
    share: float = 0.0
    name: str = ""
    valid: OwnMetric | None = None
    test: OwnMetric | None = None

    def place(self, labels: Labels) -> int:
        """The class of two that the threshold is of.

        Raises:
            PlanError: `calibrate.class`.
        """
        names = labels.names
        if self.name and self.name not in names:
            raise PlanError("calibrate.class", key="--class", value=self.name, allowed=" | ".join(names))
        return names.index(self.name) if self.name else len(names) - 1

    def check(self, labels: Labels) -> None:
        """Refuse what there are no thresholds of.

        Raises:
            PlanError: `calibrate.many`, there are more than two classes, and no costs of each pair; `calibrate.costs`,
                a metric of the owner's that is none of costs, for what has more than one decision.
        """
        allowed = ways(labels)
        if self.by not in allowed:
            value = len(labels.names) if allowed else labels.problem
            raise PlanError("calibrate.many", key=f"--{self.by}", value=value)
        if self.valid is not None and not decides(self.valid.asked, labels):
            raise PlanError("calibrate.costs", key="--cost", value=self.valid.name)
        _ = self.place(labels)


@dataclass(frozen=True)
class Rule:
    """Thresholds (C,) of classes, of one class of two that of `place`; or costs (C, C). `known` says of which classes
    the rows gave one."""

    limits: Array
    known: Array
    place: int | None = None
    costs: Array | None = None

    def given(self, chances: Array) -> Array:
        """What is given by probabilities (N, C): the number of a class, (N,), or yes and no of each, (N, C)."""
        if self.costs is not None:
            return np.asarray((chances @ self.costs).argmin(1))
        if self.place is None:
            own = chances >= self.limits
            return np.where(self.known, own, chances > _HALF)
        return np.where(chances[:, self.place] >= self.limits[self.place], self.place, 1 - self.place)


def plain(chances: Array, several: bool) -> Array:
    """What the head gives itself."""
    return chances > _HALF if several else chances.argmax(1)


def rule_of(wish: Wish, side: Side, rows: Array, chances: Array) -> Rule:
    """The thresholds that some of a split's rows choose.

    Args:
        rows: their numbers; chances: probabilities (N, C) of all rows.
    """
    labels = side.labels
    count, several = len(labels.names), labels.kind.classes == "several"
    if wish.by == "cost" and not several and count > 2:
        assert wish.valid is not None
        return Rule(np.zeros(count), np.zeros(count, dtype=bool), costs=wish.valid.costs)
    true = _true(side) > 0
    place = None if several else wish.place(labels)
    limits, known = np.full(count, _HALF), np.zeros(count, dtype=bool)
    for own in range(count) if place is None else [place]:
        found = _limit(wish, side, own, rows, chances[:, own], true[:, own])
        known[own] = found is not None
        limits[own] = _HALF if found is None else found
    return Rule(limits, known, place)


def _limit(wish: Wish, side: Side, own: int, rows: Array, score: Array, true: Array) -> float | None:
    """The threshold of one class; None where these rows give none."""
    if wish.by == "cost":
        yes, no = _prices(wish, side, own)
        return least_cost(score[rows], yes[rows], no[rows])
    hits = Hits(rows, score[rows], true[rows], np.zeros(len(rows), dtype=np.int64))
    if not hits.right.any():
        return None
    return (of_precision if wish.by == "precision" else of_recall)(hits, wish.share)


def _prices(wish: Wish, side: Side, own: int) -> tuple[Array, Array]:
    """What it costs to say yes and no to a class in each row, shapes (N,)."""
    metric, names = wish.valid, side.labels.names
    assert metric is not None
    if side.labels.kind.classes == "several":
        true = _true(side)[:, own] > 0
        missed, wrong = metric.costs[own]
        return np.where(true, 0.0, wrong), np.where(true, missed, 0.0)
    both = [metric.values([{"label": name, "score": None, "scores": {}}] * len(side.rows)) for name in names]
    return -metric.sign * both[own], -metric.sign * both[1 - own]


def _true(side: Side) -> Array:
    return side.task.present(side.chances.targets, side.labels)


def cuts_of(wish: Wish, valid: Side, test: Side, scale: float, each: Array) -> tuple[Cuts, Rule, Array]:
    """Thresholds of all validation rows with what they are worth; these as a rule; and what is given to each validation
    row by the thresholds of the other folds.

    Args:
        scale: the temperature; each: that of each validation row by the other folds, shape (N,).

    Raises:
        DataError: `calibrate.unreached`, no threshold gives what is wanted.
    """
    every, names = np.arange(len(valid.rows)), valid.labels.names
    whole = rule_of(wish, valid, every, valid.probabilities(scale))
    if whole.costs is None and not whole.known.any():
        raise DataError("calibrate.unreached", key=f"--{wish.by}", value=wish.share)
    crossed = _crossed(wish, valid, each)
    several = valid.labels.kind.classes == "several"
    asked = [place for place in range(len(names)) if whole.costs is None and whole.place in (None, place)]
    own = valid.probabilities(each), test.probabilities(scale)
    told = Cuts(
        by=wish.by,
        wanted=None if wish.by == "cost" else wish.share,
        metric=wish.valid.name if wish.valid else "",
        decided=wish.valid.id if wish.valid else "",
        classes={names[place]: float(whole.limits[place]) for place in asked if whole.known[place]},
        kept=[names[place] for place in asked if not whole.known[place]],
        costs=[] if whole.costs is None else whole.costs.tolist(),
        validation=figures(valid, wish, whole.place, (plain(own[0], several), crossed), wish.valid),
        test=figures(test, wish, whole.place, (plain(own[1], several), whole.given(own[1])), wish.test),
        held=_held(wish, valid, whole, crossed) if several and wish.by != "cost" else {},
    )
    return told, whole, crossed


def _held(wish: Wish, side: Side, rule: Rule, given: Array) -> dict[str, Interval]:
    """Of each class that has a threshold the share that was wanted; none of a class that is never given."""
    true, names = _true(side) > 0, side.labels.names
    found = {}
    for place in np.flatnonzero(rule.known).tolist():
        of = given[:, place] if wish.by == "precision" else true[:, place]
        share = of_share(np.stack([given[:, place] & true[:, place], of], axis=1).astype(np.int64), side.groups)
        if share is not None:
            found[names[place]] = share
    return found


def _crossed(wish: Wish, valid: Side, each: Array) -> Array:
    """What is given to each row by thresholds that its fold had no say in."""
    found: Array | None = None
    for fold in np.unique(valid.folds):
        own = np.flatnonzero(valid.folds == fold)
        others = np.flatnonzero(valid.folds != fold)
        chances = valid.probabilities(float(each[own[0]]))
        given = rule_of(wish, valid, others, chances).given(chances)
        found = given.copy() if found is None else found
        found[own] = given[own]
    assert found is not None
    return found


def figures(
    side: Side, wish: Wish, place: int | None, given: tuple[Array, Array], own: OwnMetric | None
) -> dict[str, Change]:
    """Figures before and after: accuracy; of the class that a threshold is of, or of all classes, precision, recall and
    F1; and the owner's metric."""
    both = [_figures(side, place, one) for one in given]
    found = {name: Change(before=both[0][name], after=both[1][name], better="more") for name in both[0]}
    if own is None:
        return found
    ends = [mean_interval(own.values(said_of(side, one)), side.units) for one in given]
    return {own.name: Change(before=ends[0], after=ends[1], better="less" if own.asked.less else "more"), **found}


def said_of(side: Side, given: Array) -> list[dict[str, Any]]:
    """Decisions in words, as the owner's metric takes them."""
    names = side.labels.names
    if given.ndim == 2:
        labels: list[Any] = [[name for name, yes in zip(names, row, strict=True) if yes] for row in given]
    else:
        labels = [names[number] for number in given]
    return [{"label": label, "score": None, "scores": {}} for label in labels]


def _figures(side: Side, place: int | None, given: Array) -> Mapping[str, Interval]:
    true, groups = _true(side), side.groups
    said = given.astype(np.int64) if given.ndim == 2 else np.eye(true.shape[1], dtype=np.int64)[given]
    found = {"accuracy": of_right((said == true).all(1).astype(float), groups)}
    chosen = slice(None) if place is None else slice(place, place + 1)
    if place is None and given.ndim == 1:
        return found
    yes, there = said[:, chosen], true[:, chosen]
    right = (yes & there).sum(1)
    parts: dict[str, Callable[[], Interval | None]] = {
        "precision": lambda: of_share(np.stack([right, yes.sum(1)], axis=1), groups),
        "recall": lambda: of_share(np.stack([right, there.sum(1)], axis=1), groups),
        "f1": lambda: of_micro_f1(np.stack([right, there.sum(1), yes.sum(1)], axis=1), groups),
    }
    nothing = Interval(value=1.0, low=0.0, high=1.0)  # of no answer none is wrong
    return {**{name: make() or nothing for name, make in parts.items()}, **found}


__all__ = ["Rule", "Wish", "cuts_of", "decides", "figures", "one_of_two", "plain", "rule_of", "said_of", "ways"]
