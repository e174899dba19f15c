"""A look at a test: the gain so far, its interval, and what it proves; and, before, what it can see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tunebook.core.formatting import is_share
from tunebook.core.verdict import Gate, Look, Verdict
from tunebook.stats.gate import Effect, proven, two_way
from tunebook.stats.power import POWER, min_detectable
from tunebook.stats.seeds import Blocks, Score, multi_bootstrap
from tunebook.stats.sequential import chance_left
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.scored import ArmScores

# Where nothing has been measured: what benchmarks/answers.py draws. Per row, what one seed's difference of two tables
# varies by, and what of that all seeds share; and the variance of a run's score over seeds, of 0.75 points.
_OF_A_ROW, _SHARED, _OF_A_SEED = 0.056, 0.014, 0.0075**2


def gain(a: ArmScores, b: ArmScores, metric: str, alpha: float, times: float = 1.0) -> Effect:
    """B - `times` A with its interval: by rows and seeds where the metric is a mean of rows, else by the bootstrap of
    both. Where the rows belong to groups, groups take their place.

    Raises:
        PlanError: fewer than two runs. DataError: fewer than two rows, or groups of them.
    """
    of_a, of_b = a.rows(metric), b.rows(metric)
    if of_a is None or of_b is None:
        return bootstrapped(a, b, metric, alpha, times)
    return two_way(of_b - times * of_a, alpha, a.exam.groups)


def bootstrapped(a: ArmScores, b: ArmScores, metric: str, alpha: float, times: float = 1.0) -> Effect:
    """The same by the bootstrap of seeds and rows, for any metric."""
    score = _score(a, b, metric, (times, 1.0))
    return multi_bootstrap(score, len(a.logits), a.exam.units, alpha=alpha)


def _score(a: ArmScores, b: ArmScores, metric: str, times: tuple[float, float]) -> Score | Blocks:
    """The metric of any draw of rows, as the bootstrap takes it."""
    of_a, of_b = a.rows(metric), b.rows(metric)
    if of_a is not None and of_b is not None:
        known = (of_a, of_b)
        return Blocks(lambda arm, seed, drawn: times[arm] * known[arm][seed][drawn].mean(-1))
    scorers = (a.scorers(metric), b.scorers(metric))
    return lambda arm, seed, drawn: times[arm] * scorers[arm][seed](drawn)


def wanted_of(rule: ABPlan | Gate, score: float) -> float:
    """What A's scores have to be multiplied by to be those that B should reach: a relative delta moves with A's score.

    A score below 0 (a correlation, a negative loss) is bettered by a share of its size, towards 0.
    """
    return 1.0 if rule.delta_kind == "absolute" else 1.0 + float(np.copysign(rule.delta, score))


def take_look(a: ArmScores, b: ArmScores, rule: ABPlan | Gate, alpha: float) -> Look:
    """What the finished pairs prove at a one-sided error of alpha.

    A relative delta is judged by the interval of B - (1 + delta) A, which holds the chance in A's score as well. Where
    a plan has further looks it is also asked what chance is left at its end.
    """
    effect = gain(a, b, rule.metric, alpha)
    unseen = _unseen(effect, alpha) if is_share(rule.metric) else 0.0
    lower, upper = effect.lower - unseen, effect.upper + unseen
    beyond = (effect.mean - rule.delta, lower - rule.delta, upper - rule.delta)
    if rule.delta_kind == "relative":
        over = gain(a, b, rule.metric, alpha, wanted_of(rule, float(np.mean(a.scores(rule.metric)))))
        beyond = (over.mean, over.lower - unseen, over.upper + unseen)
    return Look(
        seeds=effect.seeds,
        alpha=alpha,
        gain=effect.mean,
        lower=lower,
        upper=upper,
        verdict=proven(lower, *beyond),
        se=effect.se,
        df=effect.df,
        seed_sd=effect.seed_sd,
        chance=_chance(rule, effect, effect.mean - beyond[0]) if isinstance(rule, ABPlan) else None,
    )


def _unseen(effect: Effect, alpha: float) -> float:
    """How many rows may tell two tables apart that answered alike in all of N rows, or groups of them: 1 - alpha^(1/N).

    Source: Clopper and Pearson, 1934, for none of N; about 3/N at alpha = .05.
    """
    if effect.mean or effect.se:
        return 0.0
    return float(1.0 - alpha ** (1.0 / (effect.groups or effect.rows)))


def _chance(plan: ABPlan, effect: Effect, least: float) -> float | None:
    end = plan.looks[-1]
    if effect.seeds >= end.seeds:
        return None
    return float(chance_left(effect, end.seeds, end.alpha, least))


@dataclass(frozen=True)
class Foresight:
    """The least gain that the last look of a test would prove to be one in 80 % of such tests.

    Attributes:
        gain: in the metric's own units.
        test: the earlier test on these rows that measured how far gains spread; empty where that is assumed.
    """

    gain: float
    test: str = ""


def foresight(plan: ABPlan, earlier: Iterable[Verdict]) -> Foresight | None:
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


def _speaks(verdict: Verdict, plan: ABPlan) -> bool:
    """Whether a test has measured how far gains spread on these rows: of tables that differ, or of this very pair."""
    same = (verdict.content, verdict.metric, verdict.n) == (plan.content, plan.metric, plan.n)
    tables = verdict.a_values != verdict.b_values or _pair(verdict) == _pair(plan)
    return same and tables and any(verdict.extra.get("components", {}).values())


def _pair(item: Verdict | ABPlan) -> set[str]:
    return {item.a_values, item.b_values}


def _gain(plan: ABPlan, of_seeds: float, of_rows: float) -> float:
    return min_detectable(of_seeds, of_rows, len(plan.seeds), plan.looks[-1].alpha, POWER)


def components(look: Look) -> dict[str, float]:
    """Variance of one seed's gain on these rows (`seeds`), and of the mean gain of all seeds by its rows (`rows`)."""
    of_seeds = look.seed_sd**2
    return {"seeds": of_seeds, "rows": max(look.se**2 - of_seeds / look.seeds, 0.0)}


def told(seen: Foresight | None) -> dict[str, float | str] | None:
    """As a verdict keeps it."""
    return None if seen is None else {"gain": seen.gain, "power": POWER, "test": seen.test}


__all__ = ["Foresight", "bootstrapped", "components", "foresight", "gain", "take_look", "told", "wanted_of"]
