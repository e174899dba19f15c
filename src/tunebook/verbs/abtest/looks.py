"""A look at a test: the gain so far, its interval, and what it proves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.verdict import Gate, Look
from tunebook.stats.gate import Effect, proven, two_way
from tunebook.stats.seeds import Blocks, Score, multi_bootstrap
from tunebook.stats.sequential import chance_left
from tunebook.verbs.abtest.marks import Marks
from tunebook.verbs.abtest.test_plan import TestPlan

Array = NDArray[Any]


def gain(a: Marks, b: Marks, metric: str, alpha: float, times: float = 1.0) -> Effect:
    """B - `times` A with its interval: by rows and seeds where the metric is a mean of rows, else by the bootstrap of
    both. Where the rows belong to groups, groups take their place.

    Raises:
        PlanError: fewer than two runs. DataError: fewer than two rows, or groups of them.
    """
    of_a, of_b = a.rows(metric), b.rows(metric)
    if of_a is None or of_b is None:
        return bootstrapped(a, b, metric, alpha, times)
    return two_way(of_b - times * of_a, alpha, a.exam.groups)


def bootstrapped(a: Marks, b: Marks, metric: str, alpha: float, times: float = 1.0) -> Effect:
    """The same by the bootstrap of seeds and rows, for any metric."""
    score = _score(a, b, metric, (times, 1.0))
    return multi_bootstrap(score, len(a.logits), a.exam.units, alpha=alpha)


def _score(a: Marks, b: Marks, metric: str, times: tuple[float, float]) -> Score | Blocks:
    """The metric of any draw of rows, as the bootstrap takes it."""
    of_a, of_b = a.rows(metric), b.rows(metric)
    if of_a is not None and of_b is not None:
        known = (of_a, of_b)
        return Blocks(lambda arm, seed, drawn: times[arm] * known[arm][seed][drawn].mean(-1))
    scorers = (a.scorers(metric), b.scorers(metric))
    return lambda arm, seed, drawn: times[arm] * scorers[arm][seed](drawn)


def wanted_of(rule: TestPlan | Gate, score: float) -> float:
    """What A's scores have to be multiplied by to be those that B should reach: a relative delta moves with A's score.

    A score below 0 (a correlation, a negative loss) is bettered by a share of its size, towards 0.
    """
    return 1.0 if rule.delta_kind == "absolute" else 1.0 + float(np.copysign(rule.delta, score))


def take_look(a: Marks, b: Marks, rule: TestPlan | Gate, alpha: float) -> Look:
    """What the finished pairs prove at a one-sided error of alpha.

    A relative delta is judged by the interval of B - (1 + delta) A, which holds the chance in A's score as well. Where
    a plan has further looks it is also asked what chance is left at its end.
    """
    effect = gain(a, b, rule.metric, alpha)
    beyond = (effect.mean - rule.delta, effect.lower - rule.delta, effect.upper - rule.delta)
    if rule.delta_kind == "relative":
        over = gain(a, b, rule.metric, alpha, wanted_of(rule, float(np.mean(a.scores(rule.metric)))))
        beyond = (over.mean, over.lower, over.upper)
    return Look(
        seeds=effect.seeds,
        alpha=alpha,
        gain=effect.mean,
        lower=effect.lower,
        upper=effect.upper,
        verdict=proven(effect.lower, *beyond),
        se=effect.se,
        df=effect.df,
        seed_sd=effect.seed_sd,
        chance=_chance(rule, effect, effect.mean - beyond[0]) if isinstance(rule, TestPlan) else None,
    )


def _chance(plan: TestPlan, effect: Effect, least: float) -> float | None:
    end = plan.looks[-1]
    if effect.seeds >= end.seeds:
        return None
    return float(chance_left(effect, end.seeds, end.alpha, least))


__all__ = ["bootstrapped", "gain", "take_look", "wanted_of"]
