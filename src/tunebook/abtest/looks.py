"""A look at a test: the gain so far, its interval, and what it proves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.abtest.gate import Gate
from tunebook.abtest.marks import Marks
from tunebook.abtest.test_plan import TestPlan
from tunebook.core.verdict import Look
from tunebook.stats.gate import Effect, decide, two_way
from tunebook.stats.seeds import Blocks, multi_bootstrap

Array = NDArray[Any]


def gain(a: Marks, b: Marks, metric: str, alpha: float) -> Effect:
    """B - A with its interval: by rows and seeds where the metric is a mean of rows, else by the bootstrap of both.

    Raises:
        PlanError: fewer than two runs. DataError: fewer than two rows.
    """
    of_a, of_b = a.rows(metric), b.rows(metric)
    return bootstrapped(a, b, metric, alpha) if of_a is None or of_b is None else two_way(of_b - of_a, alpha)


def bootstrapped(a: Marks, b: Marks, metric: str, alpha: float) -> Effect:
    """The same by the bootstrap of seeds and rows, for any metric."""
    of_a, of_b = a.rows(metric), b.rows(metric)
    seeds, rows = len(a.logits), len(a.exam.rows)
    if of_a is not None and of_b is not None:
        known = (of_a, of_b)
        return multi_bootstrap(
            Blocks(lambda arm, seed, drawn: known[arm][seed][drawn].mean(-1)), seeds, rows, alpha=alpha
        )
    scorers = (a.scorers(metric), b.scorers(metric))
    return multi_bootstrap(lambda arm, seed, drawn: scorers[arm][seed](drawn), seeds, rows, alpha=alpha)


def least_gain(rule: TestPlan | Gate, score: float) -> float:
    """The least gain worth having in the metric's own units, where A has this score."""
    return rule.delta * abs(score) if rule.delta_kind == "relative" else rule.delta


def take_look(a: Marks, b: Marks, rule: TestPlan | Gate, alpha: float) -> Look:
    """What the finished pairs prove at a one-sided error of alpha."""
    effect = gain(a, b, rule.metric, alpha)
    wanted = least_gain(rule, float(np.mean(a.scores(rule.metric))))
    return Look(
        seeds=effect.seeds,
        alpha=alpha,
        gain=effect.mean,
        lower=effect.lower,
        upper=effect.upper,
        verdict=decide(effect.mean, effect.lower, effect.upper, wanted),
    )


__all__ = ["bootstrapped", "gain", "least_gain", "take_look"]
