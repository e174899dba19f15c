"""What changing a row did elsewhere: every test that changed it, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from tunebook.core.nouns import Record
from tunebook.knowledge.lesson import Lesson, told_last

OFF = "off"
_LEAST = 1e-6  # standard error of a test in which nothing varied
Method = Literal["alone", "one_back", "one_in", "shapley", "mixed"]
Sure = Literal["one", "helps", "hurts", "helps_mostly", "hurts_mostly", "unsure"]


class Pooled(Record):
    """A mean effect over data sets.

    Attributes:
        mean, lower, upper: with its 95 % interval.
        tau: standard deviation of the true effects between data sets; None from one alone.
        i2: share of the spread that is more than chance.
        p_same: probability of such a spread if all true effects were the same.
        new_lower, new_upper: where the effect on another data set is to be expected (95 %); None from fewer than three.
        count: number of data sets.
    """

    mean: float
    lower: float
    upper: float
    tau: float | None = None
    i2: float | None = None
    p_same: float | None = None
    new_lower: float | None = None
    new_upper: float | None = None
    count: int


def pool(effects: Sequence[float], errors: Sequence[float], dfs: Sequence[float] | None = None) -> Pooled:
    """Pool independent effects with their standard errors (> 0) and the degrees of freedom of these; None: infinite.

    The variance between data sets is that of Paule and Mandel (1982). The interval is that of Hartung and Knapp (2001)
    with t quantiles, never narrower than the classical one (Rover, Knapp, Friede 2015), since with few data sets the
    classical one is far too sure; and that one is widened by Meier's factor (Biometrics 9, 1953), since weights of few
    degrees of freedom are uncertain. An effect alone has its own t interval. The prediction interval is that of
    Higgins, Thompson and Spiegelhalter (2009).
    """
    from scipy import stats

    y, variances = np.asarray(effects, float), np.asarray(errors, float) ** 2
    count, freedom = len(y), np.full(len(y), math.inf) if dfs is None else np.asarray(dfs, float)
    if count == 1:
        half = float(stats.t.ppf(0.975, freedom[0]) * math.sqrt(variances[0]))
        return Pooled(mean=float(y[0]), lower=float(y[0]) - half, upper=float(y[0]) + half, count=1)
    tau2 = _between(y, variances)
    weights = 1 / (variances + tau2)
    mean = float(weights @ y / weights.sum())
    scale = max(_meier(weights, variances, freedom), float(weights @ (y - mean) ** 2) / (count - 1))
    error = math.sqrt(scale / weights.sum())
    half = float(stats.t.ppf(0.975, count - 1)) * error
    q = _spread(y, variances, 0.0)
    wide = float(stats.t.ppf(0.975, count - 2)) * math.sqrt(tau2 + error**2) if count > 2 else None
    return Pooled(
        mean=mean,
        lower=mean - half,
        upper=mean + half,
        tau=math.sqrt(tau2),
        i2=max(0.0, (q - (count - 1)) / q) if q > 0 else 0.0,
        p_same=float(stats.chi2.sf(q, count - 1)),
        new_lower=None if wide is None else mean - wide,
        new_upper=None if wide is None else mean + wide,
        count=count,
    )


def _meier(weights: np.ndarray, variances: np.ndarray, dfs: np.ndarray) -> float:
    """How much more a weighted mean varies than its weights say, since these are estimated themselves."""
    shares = weights / weights.sum()
    return float(1 + 4 * (shares * (1 - shares) * (weights * variances) ** 2 / dfs).sum())


def _spread(y: np.ndarray, variances: np.ndarray, tau2: float) -> float:
    """Weighted squared distance from the mean; count - 1 is expected if tau2 is right."""
    weights = 1 / (variances + tau2)
    return float(weights @ (y - weights @ y / weights.sum()) ** 2)


def _between(y: np.ndarray, variances: np.ndarray) -> float:
    """The variance between data sets that leaves as much spread as chance should."""
    from scipy.optimize import brentq

    expected = len(y) - 1
    if _spread(y, variances, 0.0) <= expected:
        return 0.0
    most = float(np.var(y, ddof=1)) * len(y) + float(variances.max())
    return float(brentq(lambda tau2: _spread(y, variances, tau2) - expected, 0.0, most, xtol=1e-15))


class RowTest(Record):
    """What one test says of a row.

    Attributes:
        lesson: the test with its circumstances.
        old, new: value before and after; `ratio` new / old of positive numbers.
        gain, lower, upper: of the change from old to new, in the metric. None where other rows were changed with it and
            the test did not tell them apart (`method` is then `mixed`).
        se, df: standard error of the gain and its degrees of freedom; None as well where an older version tested.
        others: rows that were changed with it.
        direction: `up` or `down` for numbers, else `old → new`.
    """

    lesson: Lesson
    row: str
    old: Any
    new: Any
    ratio: float | None
    gain: float | None
    lower: float | None
    upper: float | None
    se: float | None
    df: float | None
    method: Method
    others: list[str]
    direction: str


class _Told(NamedTuple):
    """What one test says of a direction: group of its rows, gain, standard error, degrees of freedom and interval."""

    group: str
    gain: float
    error: float
    df: float
    lower: float
    upper: float


class Effect(Record):
    """What the tests of one metric say together of one direction; a test of the reverse counts with its sign turned.

    Attributes:
        direction: as in `RowTest`.
        tests: number of tests, on `pooled.count` data sets; `better`: number of these in which the mean is above 0.
        sure: `one`: one data set alone. `helps`, `hurts`: the interval leaves zero out, and so does the one for another
            data set; `..._mostly` where that one does not. `unsure`: it holds zero.
    """

    metric: str
    direction: str
    tests: int
    better: int
    pooled: Pooled
    sure: Sure


def row_tests(row: str, lessons: Iterable[Lesson]) -> list[RowTest]:
    """Every test that changed a row (or switched a technique), newest first; of each test what it told last."""
    tests = told_last(sorted((item for item in lessons if item.action == "test"), key=lambda item: item.date))
    found = [_row_test(row, lesson, item) for lesson in tests for item in _about(row, lesson)]
    return found[::-1]


def pooled_effects(tests: Iterable[RowTest]) -> list[Effect]:
    """Tests that told a row apart, pooled by metric and direction; most data sets first."""
    sides: dict[tuple[str, str], list[_Told]] = {}
    for test in tests:
        if test.gain is None or test.lower is None or test.upper is None:
            continue
        if not math.isfinite(test.gain + test.lower + test.upper):  # a score that could not be computed
            continue
        direction, sign = _turned(test)
        lower, upper = sorted((sign * test.lower, sign * test.upper))
        told = _Told(test.lesson.group or test.lesson.key, sign * test.gain, *_precision(test), lower, upper)
        sides.setdefault((test.lesson.metric, direction), []).append(told)
    effects = [_effect(metric, direction, found) for (metric, direction), found in sides.items()]
    return sorted(effects, key=lambda effect: (-effect.pooled.count, effect.metric, effect.direction))


def _about(row: str, lesson: Lesson) -> list[dict[str, Any]]:
    """The changed rows that a question is about: that row, or the first of a technique that was switched."""
    exact = [item for item in lesson.changed if item["row"] == row]
    return exact or [item for item in lesson.changed if _unit(item) == row][:1]


def _unit(item: dict[str, Any]) -> str:
    """What was changed at once: a row, or a technique that was switched on or off."""
    name = str(item["row"])
    return name.partition(".")[0] if OFF in (item["from"], item["to"]) else name


def _row_test(row: str, lesson: Lesson, item: dict[str, Any]) -> RowTest:
    old, new = item["from"], item["to"]
    if _unit(item) == row != item["row"]:
        old, new = ("on", OFF) if new == OFF else (OFF, "on")
    units = list(dict.fromkeys(_unit(other) for other in lesson.changed))
    others = [unit for unit in units if unit != _unit(item)]
    numbers = _number(old) and _number(new)
    return RowTest(
        lesson=lesson,
        row=row,
        old=old,
        new=new,
        ratio=new / old if numbers and old > 0 and new > 0 else None,
        **_measured({str(item["row"]), _unit(item)}, lesson, bool(others)),
        others=others,
        direction=("up" if new > old else "down") if numbers else f"{_word(old)} → {_word(new)}",
    )


def _measured(names: set[str], lesson: Lesson, confounded: bool) -> dict[str, Any]:
    """`gain` with its ends, `se` and `df`, and the `method` by which the row was told apart."""
    figures = ("lower", "upper", "se", "df")
    if not confounded:
        return {"gain": lesson.gain, "method": "alone", **{name: getattr(lesson, name) for name in figures}}
    order = ("shapley", "one_back", "one_in")
    found = sorted(
        (item for item in lesson.effects if item.row in names and item.method in order),
        key=lambda item: order.index(item.method),
    )
    if not found:
        return {"gain": None, "method": "mixed", **dict.fromkeys(figures)}
    return {
        "gain": found[0].effect,
        "method": found[0].method,
        **{name: getattr(found[0], name) for name in figures},
    }


def _turned(test: RowTest) -> tuple[str, int]:
    """The direction under which a test is pooled, and the sign that its gain then has."""
    if test.direction in ("up", "down"):
        return "up", 1 if test.direction == "up" else -1
    old, new = _word(test.old), _word(test.new)
    forward = old == OFF or (new != OFF and old <= new)
    return (f"{old} → {new}", 1) if forward else (f"{new} → {old}", -1)


def _effect(metric: str, direction: str, found: list[_Told]) -> Effect:
    """Tests on the same rows share them, so they count as one: their mean, with the mean of their errors and the fewest
    degrees of freedom.

    One test alone keeps the interval that it was reported with.
    """
    groups: dict[str, list[_Told]] = {}
    for told in found:
        groups.setdefault(told.group, []).append(told)
    means = [np.mean([(told.gain, told.error) for told in items], axis=0) for items in groups.values()]
    least = [min(told.df for told in items) for items in groups.values()]
    pooled = pool([float(mean[0]) for mean in means], [float(mean[1]) for mean in means], least)
    if len(found) == 1:
        pooled = pooled.model_copy(update={"lower": found[0].lower, "upper": found[0].upper})
    better = sum(bool(mean[0] > 0) for mean in means)
    return Effect(
        metric=metric, direction=direction, tests=len(found), better=better, pooled=pooled, sure=_sure(pooled)
    )


def _sure(pooled: Pooled) -> Sure:
    if pooled.count == 1:
        return "one"
    if pooled.lower <= 0 <= pooled.upper:
        return "unsure"
    new = (pooled.new_lower, pooled.new_upper)
    everywhere = new[0] is not None and new[1] is not None and not new[0] <= 0 <= new[1]
    if pooled.mean > 0:
        return "helps" if everywhere else "helps_mostly"
    return "hurts" if everywhere else "hurts_mostly"


def _precision(test: RowTest) -> tuple[float, float]:
    """Standard error of a test and its degrees of freedom.

    Older tests kept their interval alone: read as that of a normal law, which makes the error rather too large.
    """
    from scipy import stats

    if test.se is not None and test.df is not None:
        return max(test.se, _LEAST), test.df
    assert test.upper is not None and test.lower is not None
    width = 2 * float(stats.norm.isf(test.lesson.alpha or 0.05))
    return max((test.upper - test.lower) / width, _LEAST), math.inf


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_word(item) for item in value)
    return {"None": "none", "True": "true", "False": "false"}.get(str(value), str(value))


__all__ = ["Effect", "Pooled", "RowTest", "pool", "pooled_effects", "row_tests"]
