"""What the answers of a curve's points say: scores with intervals, the law, and the classes that need rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import DataRef, Interval
from tunebook.stats.bootstrap import Units, draw_units
from tunebook.stats.learning_curve import ClassCurve, CurvePoint, Judged, Needed, judge, judge_class, sorted_by_need
from tunebook.stats.power_law import LEVEL, Measured
from tunebook.verbs.abtest.scored import ArmScores, Exam, scores_of_arm
from tunebook.verbs.curve_points import Point

_DRAWS = 300  # of the validation rows
_TESTED = 10  # validation rows of a class below which nothing is said of it
Array = NDArray[Any]


@dataclass(frozen=True)
class Asked:
    """What is to be learnt of a curve.

    Attributes:
        best: the highest that the metric can be.
        sizes: numbers of training rows, ascending; seeds: of each.
    """

    metric: str
    best: float
    sizes: list[int]
    seeds: list[int]

    @property
    def wanted(self) -> list[tuple[int, int]]:
        """Size and seed of every run, seed by seed, so that a budget that ends leaves whole curves."""
        return [(size, seed) for seed in self.seeds for size in self.sizes]


@dataclass(frozen=True)
class Told:
    """The parts of a `LearningCurve` that come of its points."""

    points: list[CurvePoint]
    judged: Judged
    classes: list[ClassCurve]
    had: int
    stopped: bool
    alike: bool
    seconds: float


def told(
    asked: Asked, exam: Exam, data: DataRef, bought: Mapping[tuple[int, int], Point], target: float | None = None
) -> Told:
    """What the points say, of the seeds that all sizes were trained with; of the first where there is none.

    Sizes of which a run came to nothing are left out.
    """
    whole = [seed for seed in asked.seeds if all((size, seed) in bought for size in asked.sizes)]
    seeds = whole or asked.seeds[:1]
    runs = [[bought[size, seed] for seed in seeds if (size, seed) in bought] for size in asked.sizes]
    runs = [found for found in runs if found and all(point.answers is not None for point in found)]
    arms = [scores_of_arm(data, exam, [point.answers for point in found]) for found in runs]
    draws = list(draw_units(Units.of(len(exam.rows), exam.groups), _DRAWS, np.random.default_rng(0)))
    measured = _measured(runs, arms, asked, draws)
    judged = judge(measured, asked.best, target)
    alike = bool(arms) and all(arms[-1].collapsed)
    if alike and target is not None:
        judged = judged.model_copy(update={"needed": Needed(target=target, verdict="unknown", reason="alike")})
    return Told(
        points=_points(runs, measured, asked.best, arms[0].task.metric(data.labels, asked.metric).low) if arms else [],
        judged=judged,
        classes=_classes(measured.sizes, arms, data, draws) if arms else [],
        had=len(bought),
        stopped=len(bought) < len(asked.wanted),
        alike=alike,
        seconds=sum(point.seconds for point in bought.values()),
    )


def _points(runs: Sequence[Sequence[Point]], measured: Measured, best: float, least: float) -> list[CurvePoint]:
    """The sizes with their scores, whose intervals end where the metric does."""
    ends, mean = measured.intervals(LEVEL), measured.mean
    return [
        CurvePoint(
            rows=round(float(measured.sizes[place])),
            seeds=[point.seed for point in found],
            scores=[best - float(error) for error in measured.errors[place]],
            score=Interval(value=best - mean[place], low=max(least, best - ends[place][1]), high=best - ends[place][0]),
            seconds=sum(point.seconds for point in found),
        )
        for place, found in enumerate(runs)
    ]


def _measured(
    runs: Sequence[Sequence[Point]], arms: Sequence[ArmScores], asked: Asked, draws: Sequence[Array]
) -> Measured:
    """Errors of each size and seed, and what other validation rows would have made of the mean of each size."""
    if not arms:
        return Measured(np.zeros(0), np.zeros((0, 1)))
    sizes = np.array([np.mean([point.rows for point in found]) for found in runs])
    errors = asked.best - np.stack([arm.scores(asked.metric) for arm in arms])
    scorers = [arm.scorers(asked.metric) for arm in arms]
    drawn = [[asked.best - np.mean([score(rows) for score in each]) for each in scorers] for rows in draws]
    moved = np.array(drawn) - errors.mean(axis=1)
    return Measured(sizes, errors, moved[np.isfinite(moved).all(axis=1)])


def _classes(sizes: Array, arms: Sequence[ArmScores], data: DataRef, draws: Sequence[Array]) -> list[ClassCurve]:
    """What more rows would do for each class, by its recall; nothing of rows without classes."""
    task, labels, targets = arms[0].task, arms[0].labels, arms[0].exam.targets
    present = task.present(targets, labels)
    there = present.sum(axis=0)
    if not (there >= _TESTED).any():
        return []
    missed = [[present - task.found(run, targets, labels) for run in arm.logits] for arm in arms]
    weights = np.stack([np.bincount(rows, minlength=len(present)) for rows in draws])
    drawn_there = weights @ present
    lost = np.array([[run.sum(axis=0) for run in arm] for arm in missed])  # (M, S, C)
    moved = np.stack([weights @ np.mean(arm, axis=0) for arm in missed], axis=1)  # (D, M, C)
    trained = data.stats.get("classes", {}).get("train", {})
    found = []
    for place in np.flatnonzero(there >= _TESTED):
        known, errors, name = drawn_there[:, place] > 0, lost[:, :, place] / there[place], labels.names[place]
        drawn = moved[known, :, place] / drawn_there[known, place][:, None] - errors.mean(axis=1)
        counts = (int(trained.get(name, 0)), int(there[place]))
        found.append(judge_class(Measured(sizes, errors, drawn), name, counts, among=int((there >= _TESTED).sum())))
    return sorted_by_need(found)


__all__ = ["Asked", "Told", "told"]
