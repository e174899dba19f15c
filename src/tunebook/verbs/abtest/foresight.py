"""What a test can see, told before anything is trained: the least gain that it would most often prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tunebook.core.verdict import Look, Verdict
from tunebook.core.words import is_share
from tunebook.stats.settle import POWER, min_detectable
from tunebook.verbs.abtest.test_plan import TestPlan

# Where nothing has been measured: what benchmarks/answers.py draws. Per row, what one seed's difference of two tables
# varies by, and what of that all seeds share; and the variance of a run's score over seeds, of 0.75 points.
_OF_A_ROW, _SHARED, _OF_A_SEED = 0.056, 0.014, 0.0075**2


@dataclass(frozen=True)
class Foresight:
    """The least gain that the last look of a test would prove to be one in 80 % of such tests.

    Attributes:
        gain: in the metric's own units.
        test: the earlier test on these rows that measured how far gains spread; empty where that is assumed.
    """

    gain: float
    test: str = ""


def foresight(plan: TestPlan, earlier: Iterable[Verdict]) -> Foresight | None:
    """What a test can see, by the spread in the newest test of the same rows and metric, else by a stated model.

    A test of the same pair goes before those of other tables. Tables that always answered alike measured no spread: the
    next pair will not be so. None for a metric that is no share, before any test has measured it.
    """
    units = plan.groups or plan.n
    measured = [verdict for verdict in earlier if _speaks(verdict, plan)]
    if measured:
        nearest = min(measured, key=lambda verdict: _pair(verdict) != _pair(plan))  # the first, so the newest, of these
        known = nearest.extra["components"]
        # No score of these rows is finer than one answer: a run cannot be told to vary by less.
        least = 1 / units**2 if is_share(plan.metric) else 0.0
        return Foresight(_gain(plan, max(known["seeds"], least), known["rows"]), nearest.test)
    if not is_share(plan.metric):
        return None
    return Foresight(_gain(plan, 2 * _OF_A_SEED + _OF_A_ROW / units, _SHARED / units))


def _speaks(verdict: Verdict, plan: TestPlan) -> bool:
    """Whether a test has measured how far gains spread on these rows: of tables that differ, or of this very pair."""
    same = (verdict.content, verdict.metric, verdict.n) == (plan.content, plan.metric, plan.n)
    tables = verdict.a_values != verdict.b_values or _pair(verdict) == _pair(plan)
    return same and tables and any(verdict.extra.get("components", {}).values())


def _pair(item: Verdict | TestPlan) -> set[str]:
    return {item.a_values, item.b_values}


def _gain(plan: TestPlan, of_seeds: float, of_rows: float) -> float:
    return min_detectable(of_seeds, of_rows, len(plan.seeds), plan.looks[-1].alpha, POWER)


def components(look: Look) -> dict[str, float]:
    """Variance of one seed's gain on these rows (`seeds`), and of the mean gain of all seeds by its rows (`rows`)."""
    of_seeds = look.seed_sd**2
    return {"seeds": of_seeds, "rows": max(look.se**2 - of_seeds / look.seeds, 0.0)}


def told(seen: Foresight | None) -> dict[str, float | str] | None:
    """As a verdict keeps it."""
    return None if seen is None else {"gain": seen.gain, "power": POWER, "test": seen.test}


__all__ = ["Foresight", "components", "foresight", "told"]
