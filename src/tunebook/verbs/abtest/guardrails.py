"""Guardrails: what must not get worse by more than its margin, whatever the gain; earlier tasks among it.

Each is a test of non-inferiority with the interval of the deciding look: it holds where even the lower end of the gain
is above -margin. One without a margin, or a class with too few rows, is reported only. Each says how large a fall it
would have seen.

The validation rows of those books are asked, as everywhere in a test: the test rows are opened for a promotion alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.special import stdtrit

from tunebook.core.errors import DataError, PlanError
from tunebook.core.metric import CALIBRATION
from tunebook.core.nouns import DataRef, Plan
from tunebook.core.progress import Progress
from tunebook.core.verdict import CLASS, RATIOS, RETENTION, Guardrail
from tunebook.stats.gate import Effect, two_way
from tunebook.stats.seeds import multi_bootstrap, over_seeds
from tunebook.verbs.abtest.ab_plan import ABPlan, Guard
from tunebook.verbs.abtest.arms import Result
from tunebook.verbs.abtest.challenges import Challenge
from tunebook.verbs.abtest.classes import class_rows, holdable
from tunebook.verbs.abtest.looks import gain
from tunebook.verbs.abtest.pairs import Pair
from tunebook.verbs.abtest.scored import ArmScores, Exam, split_exam
from tunebook.verbs.steps.answers import place_of
from tunebook.verbs.steps.runs import Run

Both = tuple[ArmScores, ArmScores]
_TIMES = ("time", "cost")
_POWER = 0.8  # with which a fall is said to be seen


def check_guards(plan: ABPlan, pairs: Sequence[Pair], arm_scores: Both, alpha: float) -> list[Guardrail]:
    """All guards of a plan but the challenges and what is kept of earlier tasks."""
    found = []
    for guard in plan.guards:
        if guard.name == RETENTION:
            continue
        if guard.name in RATIOS:
            worked = _worked(pairs)
            made = _ratio(guard, _costs_of(guard.name, pairs, plan, worked), alpha)
            found.append(made.model_copy(update={"clock": guard.name in _TIMES and not worked}))
        elif guard.name == CLASS:
            found += _classes(guard, arm_scores, alpha, len(plan.seeds))
        elif guard.name in arm_scores[0].exam.own:
            found.append(_own(guard, arm_scores, alpha))
        else:
            found.append(_calibration(guard, arm_scores, alpha))
    return found


def check_challenge(challenge: Challenge, arm_scores: Both, metric: str, alpha: float) -> Guardrail:
    """Whether B does no worse on a file of rows."""
    exam = arm_scores[0].exam
    guard = Guard(name=exam.name, margin=challenge.margin)
    kind = "own" if metric in exam.own else "challenge"  # which says in which unit the gain is
    return judged(guard, kind, partial(gain, *arm_scores, metric, alpha), alpha=alpha, rows=len(exam.rows))


def judged(
    guard: Guard, kind: str, measure: Callable[[], Effect], name: str = "", *, alpha: float, rows: int = 0
) -> Guardrail:
    """A guardrail from an effect; one that cannot be measured does not hold, unless it is reported only.

    Args:
        kind: as in `Guardrail`; name: in place of the guard's; alpha: of the effect; rows: that it was measured on.
    """
    margin = math.inf if guard.margin is None else guard.margin
    try:
        effect = measure()
        ends, sees = (effect.mean, effect.lower, effect.upper), seen_fall(effect, alpha)
    except (DataError, PlanError):  # too few rows or runs
        ends, sees = (math.nan, math.nan, math.nan), math.inf
    held = guard.margin is None or ends[1] > -margin
    return Guardrail(
        name=name or guard.name, kind=kind, margin=margin, gain=ends[0], lower=ends[1], upper=ends[2], held=held,
        sees=math.expm1(sees) if kind == "ratio" else sees, rows=rows,
    )  # fmt: skip


def seen_fall(effect: Effect, alpha: float) -> float:
    """The fall that a one-sided test at alpha would tell from none with a probability of 80 %."""
    return float(stdtrit(effect.df, 1 - alpha) + stdtrit(effect.df, _POWER)) * effect.se


def _classes(guard: Guard, arm_scores: Both, alpha: float, seeds: int) -> list[Guardrail]:
    """Recall of each class, at the margin that its rows can hold; one with too few is reported only."""
    found = []
    for name, rows in class_rows(arm_scores).items():
        margin = guard.margin if rows.units >= guard.least else None
        if margin is not None and guard.classes:
            margin = max(margin, holdable(rows.units, seeds, guard.classes))
        watched = guard.model_copy(update={"margin": margin})
        effect = partial(two_way, rows.of_b - rows.of_a, alpha, rows.groups)
        count = rows.of_a.shape[1]
        found.append(judged(watched, "score", effect, f"{guard.name}:{name}", alpha=alpha, rows=count))
    return found


def _own(guard: Guard, arm_scores: Both, alpha: float) -> Guardrail:
    """A metric of the book's owner, in its own unit; of a cost less is the gain."""
    effect = partial(gain, *arm_scores, guard.name, alpha)
    return judged(guard, "own", effect, alpha=alpha, rows=len(arm_scores[0].exam.rows))


def _calibration(guard: Guard, arm_scores: Both, alpha: float) -> Guardrail:
    """Calibration error; less of it is the gain."""
    scorers = [side.scorers(CALIBRATION) for side in arm_scores]
    exam, seeds = arm_scores[0].exam, len(arm_scores[0].logits)
    return judged(
        guard,
        "metric",
        lambda: multi_bootstrap(lambda arm, seed, drawn: -scorers[arm][seed](drawn), seeds, exam.units, alpha=alpha),
        alpha=alpha,
        rows=len(exam.rows),
    )


def _ratio(guard: Guard, costs: list[tuple[float, float]], alpha: float) -> Guardrail:
    """B / A of a cost as a gain: 1 - ratio, so that a third more is a gain of -0.33. Runs without the cost stay out."""
    logs = [math.log(b / a) for a, b in costs if a > 0 and b > 0]

    def measure() -> Effect:
        effect = over_seeds(logs, alpha)
        mean, lower, upper = (1 - math.exp(value) for value in (effect.mean, effect.upper, effect.lower))
        return Effect(mean, lower, upper, effect.se, effect.df, effect.seeds, 0, effect.seed_sd)

    return judged(guard, "ratio", measure, alpha=alpha)


def _costs_of(name: str, pairs: Sequence[Pair], plan: ABPlan, worked: bool) -> list[tuple[float, float]]:
    if name == "latency":
        return [(_p99(pair.seen.latency[0]), _p99(pair.seen.latency[1])) for pair in pairs]

    def cost(result: Result) -> float:
        seconds = result.work if worked else result.seconds
        hours = seconds / 3600
        priced = plan.prices.of(result.device, hours)
        values = {
            "time": seconds,
            "memory": result.peak_memory_bytes,
            "size": result.size,
            "cost": hours if priced is None else priced,
        }
        return float(values[name])

    return [(cost(pair.sides[0]), cost(pair.sides[1])) for pair in pairs]


def _worked(pairs: Sequence[Pair]) -> bool:
    """Whether of every run it is known what it took of the processor, which other work beside it does not change."""
    return all(side.work for pair in pairs for side in pair.sides)


def _p99(times: Sequence[float]) -> float:
    return float(np.quantile(times, 0.99)) if times else 0.0


@dataclass(frozen=True)
class EarlierTask:
    """A task that a run before has learned, with the validation rows of its book."""

    run: Run
    plan: Plan
    exam: Exam
    data: DataRef

    @property
    def book(self) -> str:
        """Name of its book's folder."""
        return self.plan.data_path.parent.name


def earlier_tasks(plan: Plan) -> list[EarlierTask]:
    """The tasks of the runs that a plan continues from, the oldest first.

    Of several runs on the same rows the last one stands for all, and a run on the plan's own rows for none: those rows
    are the test's. A book without validation rows is left out.

    Raises:
        RunError: a run before, or its rows, are no longer there.
    """
    from tunebook.engine.continual import ancestors, data_of

    found: dict[str, EarlierTask] = {}
    for path, theirs in ancestors(plan):
        if theirs.data in (plan.data, *found):
            continue
        data = data_of(theirs, plan.labels)
        if data.rows.get("validation"):
            exam = split_exam(data, "validation")
            own = replace(exam, name=theirs.data_path.parent.name, place=place_of(plan, data, "validation"))
            found[theirs.data] = EarlierTask(Run(path), theirs, own, data)
    return list(found.values())[::-1]


def check_retention(plan: ABPlan, task: EarlierTask, arm_scores: Both, alpha: float) -> list[Guardrail]:
    """Whether B has kept as much of an earlier task as A; a margin that nobody asked for counts from enough rows on."""
    found = []
    for guard in plan.guards:
        if guard.name == RETENTION:
            enough = len(task.exam.rows) >= guard.least
            watched = guard if enough else guard.model_copy(update={"margin": None})
            name = f"{RETENTION}:{task.book}"
            effect = partial(gain, *arm_scores, _known(plan.metric, task, arm_scores[0]), alpha)
            found.append(judged(watched, RETENTION, effect, name, alpha=alpha, rows=len(task.exam.rows)))
    return found


def _known(metric: str, task: EarlierTask, arm: ArmScores) -> str:
    """The metric of a test; in place of one of the owner's the one by which the earlier task was learned."""
    return metric if metric in arm.task.judges(arm.labels) else task.plan.params.metric


def retained(
    tasks: Sequence[EarlierTask], arm_scores: Sequence[Both], metric: str, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Of each earlier task: `book`, `run`, `rows`, the score `learned` by the run that learned it, and the mean scores
    `a` and `b` of both arms on the same rows."""
    from tunebook.verbs.steps.retention import scored

    found = []
    for task, (a, b) in zip(tasks, arm_scores, strict=True):
        every, known = np.arange(len(task.exam.rows)), _known(metric, task, a)
        learned = scored(task.run, task.exam.rows, task.data, "validation", known, progress)(every)
        means = {side: float(arm.scores(known).mean()) for side, arm in (("a", a), ("b", b))}
        found.append({"book": task.book, "run": task.run.id, "rows": len(every), "learned": learned, **means})
    return found


__all__ = [
    "EarlierTask",
    "check_challenge",
    "check_guards",
    "check_retention",
    "earlier_tasks",
    "judged",
    "retained",
    "seen_fall",
]
