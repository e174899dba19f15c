"""Frozen plans of tests and their looks, made by hand."""

from __future__ import annotations

from typing import Any

from tunebook.core.verdict import Look
from tunebook.stats.sequential import spent
from tunebook.verbs.abtest.ab_plan import ABPlan, Guard, PlannedLook


def frozen(**changes: Any) -> ABPlan:
    """The plan that the default gate makes, on a book whose classes are large."""
    level = spent(0.05, 3, (3.0, 5.0, 10.0))
    return ABPlan(
        **{
            "a": 1, "b": 2, "a_values": "one", "b_values": "two", "a_plan": "p", "b_plan": "q", "metric": "accuracy",
            "delta": 0.02, "delta_kind": "absolute", "alpha": 0.05, "seeds": [1, 2, 3, 4, 5], "shift": 0,
            "looks": [PlannedLook(seeds=seeds, alpha=level) for seeds in (3, 5)], "split": "validation", "rows": "r",
            "n": 500, "content": "c", "guards": [Guard(name="worst_class", margin=0.05, least=100)], "challenges": [],
            **changes,
        }
    )  # fmt: skip


def look(seeds: int, alpha: float, **changes: Any) -> Look:
    """A look that decided nothing."""
    made = {"gain": 0.01, "lower": -0.01, "upper": 0.03, "verdict": "INCONCLUSIVE", **changes}
    return Look(seeds=seeds, alpha=alpha, **made)
