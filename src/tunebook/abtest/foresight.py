"""What a test can see, told before anything is trained: the least gain that it would most often prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tunebook.abtest.test_plan import TestPlan
from tunebook.core.verdict import Look, Verdict
from tunebook.report.words import SHARES
from tunebook.stats.settle import POWER, min_detectable

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

    None for a metric that is no share, before any test has measured it.
    """
    for verdict in earlier:
        same = (verdict.content, verdict.metric, verdict.n) == (plan.content, plan.metric, plan.n)
        if same and (known := verdict.extra.get("components")):
            return Foresight(_gain(plan, known["seeds"], known["rows"]), verdict.test)
    if plan.metric not in SHARES:
        return None
    units = plan.groups or plan.n
    return Foresight(_gain(plan, 2 * _OF_A_SEED + _OF_A_ROW / units, _SHARED / units))


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
