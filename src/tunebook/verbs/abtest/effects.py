"""What each changed row is worth: mixtures of both tables are trained, and their scores weighed against each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError, PlanError, TunebookError
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.progress import Progress, Silent
from tunebook.core.verdict import RowEffect, Verdict
from tunebook.engine.continual import numbered
from tunebook.stats.contrasts import Contrasts, Mixture, one_back, one_in, shapley
from tunebook.stats.gate import Effect, two_way
from tunebook.stats.seeds import multi_bootstrap
from tunebook.tables.in_force import diff
from tunebook.verbs.abtest.arms import Arm, known, trained
from tunebook.verbs.abtest.scored import ArmScores, Exam, answers_of, scores_of_arm
from tunebook.verbs.engines.seam import ahead
from tunebook.verbs.steps.book import Book

Array = NDArray[Any]
METHODS = ("auto", "one", "shapley")
_FEW = 4  # changed rows up to which Shapley values are cheap: 2^r tables
_MANY, _ORDERS = 6, 6  # above so many rows every order is too dear: so many are drawn
_UNTOLD = frozenset({"seed"})  # a test sets it itself


@dataclass(frozen=True)
class Mixer:
    """Tables between A and B.

    Attributes:
        units: what is put in or taken back as one -> the rows of it. A technique that only one table has is one unit.
    """

    a: ParamTable
    b: ParamTable
    units: Mapping[str, tuple[str, ...]]

    def table(self, chosen: Mixture) -> ParamTable:
        """A with B's rows of the chosen units."""
        rows = dict(self.a.rows)
        for unit in chosen:
            for name in self.units[unit]:
                rows.pop(name, None)
                if name in self.b.rows:
                    rows[name] = self.b.rows[name]
        return self.a.model_copy(update={"version": 0, "parent": self.a.version, "rows": rows})


def mixer(a: ParamTable, b: ParamTable) -> Mixer:
    """What differs between two tables, unit by unit."""
    units: dict[str, tuple[str, ...]] = {}
    for change in diff(a, b):
        name = str(change["row"])
        key = name.partition(".")[0]
        alone = "." in name and not all(any(row.startswith(f"{key}.") for row in side.rows) for side in (a, b))
        if name not in _UNTOLD:
            unit = key if alone else name
            units[unit] = (*units.get(unit, ()), name)
    return Mixer(a, b, units)


def contrasts(units: Sequence[str], method: str) -> dict[str, Contrasts]:
    """Method -> what to weigh, for `one` (back and in), `shapley`, or `auto`: the latter for few rows.

    Raises:
        PlanError: `ab.effects` for another method.
    """
    if method not in METHODS:
        raise PlanError("ab.effects", key="effects", value=method, allowed=" | ".join(METHODS))
    if method == "shapley" or (method == "auto" and len(units) <= _FEW):
        return {"shapley": shapley(units, _ORDERS if len(units) > _MANY else None)}
    return {"one_back": one_back(units), "one_in": one_in(units)}


@dataclass(frozen=True)
class Study:
    """Where the mixtures are trained and examined: the arms, the seeds and the rows of a test."""

    book: Book
    arms: tuple[Arm, Arm]
    seeds: Sequence[int]
    exam: Exam
    allow: frozenset[str] = frozenset()

    @property
    def start(self) -> Plan:
        """The plan of an arm: all mixtures continue from the same run as it does, and have its labels."""
        return self.arms[0].base

    def arm(self, mixer: Mixer, chosen: Mixture) -> Arm | None:
        """The arm of a mixture; None where its rows do not go together."""
        from tunebook.verbs.steps.plan import plan

        if not chosen:
            return self.arms[0]
        if len(chosen) == len(mixer.units):
            return self.arms[1]
        try:
            table = mixer.table(chosen)
            run = self.start.continues
            start = None if run is None else str(run)
            return Arm(table, plan(table, self.book.data, allow=self.allow, continue_from=start))
        except TunebookError:
            return None

    def arm_scores(self, arm: Arm | None, progress: Progress) -> ArmScores | None:
        """Marks of a mixture with every seed, trained where they are missing."""
        if arm is None:
            return None
        runs = self.book.path / "runs"
        found = []
        for seed in self.seeds:
            new = known(runs, arm.plan(seed)) is None
            result = trained(runs, arm.plan(seed), progress)
            found.append(answers_of(result, self.exam, progress=progress))
            progress.advance(int(new))
        return scores_of_arm(numbered(self.book.data, self.start.labels), self.exam, found)


def row_effects(
    study: Study, metric: str, method: str, alpha: float, progress: Progress | None = None
) -> list[RowEffect]:
    """What every changed row is worth, with its interval; NaN where it cannot be told.

    All runs are kept and used again, so that an interrupted study goes on.

    Args:
        method: see `contrasts`.
        alpha: error of each end.
    """
    mixed = mixer(study.arms[0].table, study.arms[1].table)
    wanted = contrasts(list(mixed.units), method)
    mixtures = {mixture for each in wanted.values() for weights in each.values() for mixture in weights}
    arms = {
        mixture: study.arm(mixed, mixture) for mixture in sorted(mixtures, key=lambda item: (len(item), sorted(item)))
    }
    watch = progress or Silent()
    plans = [arm.plan(seed) for arm in arms.values() if arm is not None for seed in study.seeds]
    watch.start("effects", sum(known(study.book.path / "runs", plan) is None for plan in plans))
    with ahead(plans, study.book.path / "runs"):
        arm_scores = {mixture: study.arm_scores(arm, watch) for mixture, arm in arms.items()}
    watch.finish()
    return [
        _effect(row, weights, arm_scores, name, (metric, alpha))
        for name, each in wanted.items()
        for row, weights in each.items()
    ]


def _effect(
    row: str,
    weights: Mapping[Mixture, float],
    arm_scores: Mapping[Mixture, ArmScores | None],
    method: str,
    rule: tuple[str, float],
) -> RowEffect:
    parts = [
        (weight, side) for mixture, weight in weights.items() if weight and (side := arm_scores[mixture]) is not None
    ]
    unknown = RowEffect(row=row, effect=math.nan, lower=math.nan, upper=math.nan, method=method)
    if len(parts) < sum(1 for weight in weights.values() if weight):
        return unknown
    try:
        found = _weighed(parts, *rule)
    except (DataError, PlanError):  # one seed only, or scores that do not exist
        return unknown
    ends = {"effect": found.mean, "lower": found.lower, "upper": found.upper}
    return RowEffect(row=row, method=method, se=found.se, df=found.df, **ends)


def _weighed(parts: Sequence[tuple[float, ArmScores]], metric: str, alpha: float) -> Effect:
    rows, first = [(weight, side.rows(metric)) for weight, side in parts], parts[0][1]
    if all(scores is not None for _, scores in rows):
        together = np.sum([weight * scores for weight, scores in rows if scores is not None], axis=0)
        return two_way(together, alpha, first.exam.groups)
    scorers = [(weight, side.scorers(metric)) for weight, side in parts]

    def score(arm: int, seed: int, drawn: Array) -> float:
        return sum(weight * each[seed](drawn) for weight, each in scorers) if arm else 0.0

    return multi_bootstrap(score, len(first.logits), first.exam.units, alpha=alpha)


def measured(verdict: Verdict, method: str) -> bool:
    """Whether a verdict has the effects of its rows by this method already."""
    found = {effect.method for effect in verdict.effects}
    return bool(found) if method == "auto" else ("one_back" if method == "one" else method) in found


__all__ = [
    "METHODS",
    "Mixer",
    "Study",
    "contrasts",
    "measured",
    "mixer",
    "row_effects",
]
