"""Guardrails: what must not get worse by more than its margin, whatever the gain.

Each is a test of non-inferiority with the interval of the deciding look: it holds where even the lower end of the gain
is above -margin. One without a margin is reported only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.abtest.arms import Result
from tunebook.abtest.looks import gain
from tunebook.abtest.marks import Marks
from tunebook.abtest.pairs import Pair
from tunebook.abtest.test_plan import RATIOS, RETENTION, Challenge, Guard, TestPlan
from tunebook.core.errors import DataError, PlanError
from tunebook.core.kinds import either
from tunebook.core.verdict import Guardrail
from tunebook.stats.gate import Effect, two_way
from tunebook.stats.seeds import multi_bootstrap, over_seeds

Array = NDArray[Any]
Both = tuple[Marks, Marks]


def check_guards(plan: TestPlan, pairs: Sequence[Pair], marks: Both, alpha: float) -> list[Guardrail]:
    """All guards of a plan but the challenges and what is kept of earlier tasks."""
    found = []
    for guard in plan.guards:
        if guard.name == RETENTION:
            continue
        if guard.name in RATIOS:
            found.append(_ratio(guard, _costs_of(guard.name, pairs, plan), alpha))
        elif guard.name == "worst_class":
            found.append(_worst_class(guard, marks, alpha))
        else:
            found.append(_calibration(guard, marks, alpha))
    return found


def check_challenge(challenge: Challenge, marks: Both, metric: str, alpha: float) -> Guardrail:
    """Whether B does no worse on a file of rows."""
    guard = Guard(name=marks[0].exam.name, margin=challenge.margin)
    return judged(guard, "challenge", lambda: gain(*marks, metric, alpha))


def judged(guard: Guard, kind: str, measure: Callable[[], Effect], name: str = "") -> Guardrail:
    """A guardrail from an effect; one that cannot be measured does not hold, unless it is reported only.

    Args:
        kind: as in `Guardrail`; name: in place of the guard's.
    """
    margin = math.inf if guard.margin is None else guard.margin
    try:
        effect = measure()
        ends = (effect.mean, effect.lower, effect.upper)
    except (DataError, PlanError):  # too few rows or runs
        ends = (math.nan, math.nan, math.nan)
    held = guard.margin is None or ends[1] > -margin
    return Guardrail(
        name=name or guard.name, kind=kind, margin=margin, gain=ends[0], lower=ends[1], upper=ends[2], held=held
    )


def _worst_class(guard: Guard, marks: Both, alpha: float) -> Guardrail:
    """Recall of the class that A recalls worst, of those with enough rows."""
    recalls = {name: rows for name, rows in class_rows(marks).items() if rows[0].shape[1] >= max(guard.least, 2)}
    if not recalls:
        return judged(guard, "score", lambda: two_way(np.zeros((0, 0)), alpha))
    worst = min(recalls, key=lambda name: float(recalls[name][0].mean()))
    of_a, of_b = recalls[worst]
    return judged(guard, "score", lambda: two_way(of_b - of_a, alpha), f"worst_class:{worst}")


def class_rows(marks: Both) -> dict[str, tuple[Array, Array]]:
    """Class -> whether its rows are found by each run of A and of B, two arrays (K, rows of the class)."""
    first = marks[0]
    targets = first.exam.targets
    if first.labels.problem == "regression":
        return {}
    if either(first.labels.problem, ["multi_label"], ["single_label", "ordinal"]):
        masks = {name: targets[:, column] > 0 for column, name in enumerate(first.labels.names)}
        found = [np.nan_to_num(side.logits) > 0 for side in marks]
        return {
            name: (
                found[0][:, masks[name], column].astype(float),
                found[1][:, masks[name], column].astype(float),
            )
            for column, name in enumerate(masks)
        }
    rights = [side.rows("accuracy") for side in marks]
    a, b = rights
    if a is None or b is None:
        return {}
    return {name: (a[:, targets == code], b[:, targets == code]) for code, name in enumerate(first.labels.names)}


def _calibration(guard: Guard, marks: Both, alpha: float) -> Guardrail:
    """Calibration error; less of it is the gain."""
    scorers = [side.scorers("ece") for side in marks]
    seeds, rows = len(marks[0].logits), len(marks[0].exam.rows)
    return judged(
        guard,
        "metric",
        lambda: multi_bootstrap(lambda arm, seed, drawn: -scorers[arm][seed](drawn), seeds, rows, alpha=alpha),
    )


def _ratio(guard: Guard, costs: list[tuple[float, float]], alpha: float) -> Guardrail:
    """B / A of a cost as a gain: 1 - ratio, so that a third more is a gain of -0.33. Runs without the cost stay out."""
    logs = [math.log(b / a) for a, b in costs if a > 0 and b > 0]

    def measure() -> Effect:
        effect = over_seeds(logs, alpha)
        mean, lower, upper = (1 - math.exp(value) for value in (effect.mean, effect.upper, effect.lower))
        return Effect(mean, lower, upper, effect.se, effect.df, effect.seeds, 0, effect.seed_sd)

    return judged(guard, "ratio", measure)


def _costs_of(name: str, pairs: Sequence[Pair], plan: TestPlan) -> list[tuple[float, float]]:
    if name == "latency":
        return [(_p99(pair.seen.latency[0]), _p99(pair.seen.latency[1])) for pair in pairs]

    def cost(result: Result) -> float:
        hours = result.seconds / 3600
        priced = plan.prices.of(result.device, hours)
        values = {
            "time": result.seconds,
            "memory": result.peak_memory_bytes,
            "size": result.size,
            "cost": hours if priced is None else priced,
        }
        return float(values[name])

    return [(cost(pair.sides[0]), cost(pair.sides[1])) for pair in pairs]


def _p99(times: Sequence[float]) -> float:
    return float(np.quantile(times, 0.99)) if times else 0.0


__all__ = ["check_challenge", "check_guards", "class_rows", "judged"]
