"""What the scores of a few sizes say of more rows: whether they help, how many it takes, and when that is not known.

Scores are told as the metric has them; inside they are errors, the distance from the best that the metric can be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tunebook.core.nouns import Interval, Record
from tunebook.stats.power_law import DRAWS, FEWEST, LEVEL, Check, Fit, Form, Measured, fit, held_out

WEAK = 4.0  # times the largest size beyond which a forecast is called weak
FAR = 16.0  # times the largest size beyond which no number of rows is told
_SURE = 0.95  # share of the drawn curves that never reach a target, from which on it is out of reach
_PATH = 48  # points of a drawn curve
_GAIN = 0.01  # of a class's recall, below which more rows are not called for
Verdict = Literal["reached", "rows", "never", "unknown"]
Reason = Literal["", "sizes", "seeds", "alike", "far", "open"]


class Forecast(Record):
    """The score with so many rows.

    Attributes:
        weak: more than a few times the largest size that was trained.
    """

    rows: int
    score: Interval
    weak: bool = False


class HeldOut(Record):
    """What a fit without the largest size foretold of it, and what was seen.

    Attributes:
        form: `power`, `pure` (a power law that ends at a perfect score) or `flat` (more rows change nothing).
        foretold: with the interval in which the mean of the seeds was expected; held: whether it was.
    """

    form: Form
    foretold: Interval
    seen: float
    held: bool


class Needed(Record):
    """How many rows a target takes.

    Attributes:
        verdict: `reached` at the largest size; `rows`: about `more` further rows; `never`: the ceiling is below it;
            `unknown`: it cannot be told yet, by the `reason`.
        reason: `sizes` or `seeds`: there are too few; `far`: it lies too far beyond the largest size; `open`: the
            curves that chance leaves open do not agree; `alike`: the model says the same of every row, with all rows
            too.
        more: further rows beside those of the largest size; least, most: ends of its interval, None for no end.
        weak: it lies more than a few times beyond the largest size, or its interval has no end, or the fit without the
            largest size did not foretell that one.
    """

    target: float
    verdict: Verdict
    reason: Reason = ""
    more: int | None = None
    least: int | None = None
    most: int | None = None
    weak: bool = False


class Law(Record):
    """The fitted curve: error = a (rows / largest)^-b + c."""

    a: float
    b: float
    c: float
    largest: int


class Judged(Record):
    """What the points say.

    Attributes:
        law: None with too few sizes. ceiling: the score that no number of rows passes, as far as the law holds.
        band: the curve and its interval from the smallest size to beyond the largest. ahead: with more rows.
        checks: the law and simpler ones, held against the largest size. level: of all intervals.
    """

    law: Law | None = None
    ceiling: Interval | None = None
    band: list[Forecast] = Field(default_factory=list)
    ahead: list[Forecast] = Field(default_factory=list)
    checks: list[HeldOut] = Field(default_factory=list)
    needed: Needed | None = None
    level: float = LEVEL

    @property
    def trusted(self) -> bool:
        """Whether the law, fitted without the largest size, has foretold it."""
        return any(check.held for check in self.checks if check.form == "power")


def judge(given: Measured, best: float, target: float | None, *, draws: int = DRAWS, seed: int = 0) -> Judged:
    """Fit, look ahead, and answer how many rows a target takes.

    Args:
        given: errors, the distances of the scores from `best`, the highest that the metric can be.
        target: score that is wanted; None for none.
    """
    if len(given.sizes) < FEWEST:
        return Judged(needed=None if target is None else Needed(target=target, verdict="unknown", reason="sizes"))
    made = fit(given, draws=draws, seed=seed)
    largest = int(given.sizes[-1])
    checks = [_check(check, best) for check in _checked(given, draws, seed)]
    law = Law(a=float(made.law.a[0]), b=float(made.law.b[0]), c=float(made.law.c[0]), largest=largest)
    places = np.geomspace(float(given.sizes[0]), 2 * WEAK * largest, _PATH)
    found = Judged(
        law=law,
        ceiling=_score(made.ceiling(), best),
        band=[_forecast(made, round(place), best, largest) for place in places],
        ahead=[_forecast(made, round(times * largest), best, largest) for times in (1, 1.5, 2, WEAK, 2 * WEAK)],
        checks=checks,
    )
    if target is None:
        return found
    return found.model_copy(update={"needed": needed(given, made, best, target, trusted=found.trusted)})


def _checked(given: Measured, draws: int, seed: int) -> list[Check]:
    return held_out(given, draws=draws, seed=seed) if len(given.sizes) > FEWEST else []


def _check(check: Check, best: float) -> HeldOut:
    foretold = Interval(value=best - check.foretold, low=best - check.high, high=best - check.low)
    return HeldOut(form=check.form, foretold=foretold, seen=best - check.seen, held=check.held)


def _score(error: tuple[float, float, float], best: float) -> Interval:
    value, low, high = error
    return Interval(value=best - value, low=best - high, high=best - low)


def _forecast(made: Fit, rows: int, best: float, largest: int) -> Forecast:
    return Forecast(rows=rows, score=_score(made.at(rows), best), weak=rows > WEAK * largest)


def needed(given: Measured, made: Fit, best: float, target: float, *, trusted: bool = True) -> Needed:
    """How many rows beyond the largest size a target takes, by the curves that chance leaves open.

    Args:
        trusted: whether the law has foretold the largest size.
    """
    largest, error = float(given.sizes[-1]), best - target
    value, least, most = made.rows_for(error)
    if given.mean[-1] <= error:
        return Needed(target=target, verdict="reached")
    if given.errors.shape[1] < 2:
        return Needed(target=target, verdict="unknown", reason="seeds")
    never = float(np.isinf(made.draws.rows_for(error)).mean())
    if never >= _SURE:
        return Needed(target=target, verdict="never", weak=not trusted)
    if not math.isfinite(value) or value > FAR * largest:
        return Needed(target=target, verdict="unknown", reason="open" if least <= FAR * largest else "far")
    ends = [_more(rows, largest) for rows in (value, least, most)]
    weak = not trusted or value > WEAK * largest or ends[2] is None
    return Needed(target=target, verdict="rows", more=ends[0], least=ends[1], most=ends[2], weak=weak)


def _more(rows: float, largest: float) -> int | None:
    """Rows beyond the largest size with two digits; None for no end, or one that lies too far to be told."""
    more = max(rows - largest, 0.0)
    if more > 4 * FAR * largest:
        return None
    digits = 10.0 ** max(math.floor(math.log10(more)) - 1, 0) if more >= 1 else 1.0
    return int(math.ceil(more / digits) * digits)


class CurvePoint(Record):
    """A size.

    Attributes:
        rows: that were trained on; scores: of each seed, in their order. score: their mean, with the interval by the
            chance of seeds and of validation rows. seconds: of all its runs.
    """

    rows: int
    seeds: list[int]
    scores: list[float]
    score: Interval
    seconds: float = 0.0


class ClassCurve(Record):
    """A class and more rows.

    Attributes:
        rows: of it in training, at the largest size; tested: in validation.
        recall: share of its rows that are found there; ahead: with twice as many rows of all classes, None where
            too few rows or sizes say anything of it; gain: how much that is more.
        needs: the gain is a point at least, beyond chance, with all classes that were looked at in mind.
    """

    name: str
    rows: int
    tested: int
    recall: float
    ahead: Interval | None = None
    gain: Interval | None = None
    needs: bool = False


def judge_class(given: Measured, name: str, counts: tuple[int, int], *, among: int = 1) -> ClassCurve:
    """What twice as many rows would do for a class, by its recall at each size.

    Args:
        given: of the share of its rows that are not found. counts: its rows in training and in validation.
        among: how many classes are looked at, so that not one of them needs rows by chance alone.
    """
    now = 1.0 - float(given.mean[-1])
    if len(given.sizes) < FEWEST or given.errors.shape[1] < 2:
        return ClassCurve(name=name, rows=counts[0], tested=counts[1], recall=now)
    made, largest = fit(given), float(given.sizes[-1])
    drawn = made.draws.at(np.array([largest, 2 * largest]))
    side = (1 - LEVEL) / 2
    low, high, surely = np.quantile(drawn[:, 0] - drawn[:, 1], [side, 1 - side, side / among])
    law = made.law.at(np.array([largest, 2 * largest]))[0]
    gain = Interval(value=float(law[0] - law[1]), low=float(low), high=float(high))
    ahead = _score(made.at(2 * largest), 1.0)
    needs, (rows, tested) = float(surely) >= _GAIN, counts
    return ClassCurve(name=name, rows=rows, tested=tested, recall=now, ahead=ahead, gain=gain, needs=needs)


def sorted_by_need(found: Sequence[ClassCurve]) -> list[ClassCurve]:
    """The classes that would gain most first; those of which nothing is known at the end."""
    return sorted(
        found, key=lambda item: -math.inf if item.gain is None else item.gain.value * item.tested, reverse=True
    )


class LearningCurve(Record):
    """Scores by the number of training rows, and what they say of more.

    Attributes:
        curve: id, the name of its folder `curves/ID` in the book. table: version, 0 for a table of no version.
        frozen: a linear model on the frozen base model took the place of the training.
        rows: all training rows of the book; tested: validation rows; groups: of these, 0 where they stand alone.
        best: the highest that the metric can be.
        points: the sizes that all seeds were trained on, ascending; asked, had: runs that were asked for, and that
            there are. stopped: the budget ended before the last of them.
        alike: every run on the largest size says the same of all rows: nothing was learnt that could be judged.
        classes: those that would gain most first.
        seconds: of all runs; page: of the report.
    """

    curve: str
    table: int
    metric: str
    frozen: bool
    rows: int
    tested: int
    groups: int = 0
    best: float = 1.0
    points: list[CurvePoint]
    asked: int
    had: int
    stopped: bool = False
    alike: bool = False
    judged: Judged
    classes: list[ClassCurve] = Field(default_factory=list)
    seconds: float = 0.0
    page: str = ""


__all__ = [
    "FAR",
    "WEAK",
    "ClassCurve",
    "CurvePoint",
    "Forecast",
    "HeldOut",
    "Judged",
    "Law",
    "LearningCurve",
    "Needed",
    "Reason",
    "Verdict",
    "judge",
    "judge_class",
    "needed",
    "sorted_by_need",
]
