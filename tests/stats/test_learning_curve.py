"""What is said of more rows: each verdict and its reason."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.stats.learning_curve import (
    FAR,
    WEAK,
    ClassCurve,
    CurvePoint,
    Forecast,
    HeldOut,
    Interval,
    Judged,
    Law,
    LearningCurve,
    Needed,
    judge,
    judge_class,
    needed,
    sorted_by_need,
)
from tunebook.stats.power_law import Measured, fit

SIZES = np.array([500.0, 1000, 2000, 4000, 8000])


def measured(
    a: float, b: float, c: float, spread: float = 0.001, seeds: int = 3, sizes: np.ndarray = SIZES
) -> Measured:
    mean = a * (sizes / sizes.max()) ** -b + c
    return Measured(sizes, mean[:, None] + spread * np.linspace(-1, 1, seeds))


def said(given: Measured, target: float) -> Needed:
    found = judge(given, 1.0, target).needed
    assert found is not None
    return found


def test_about_so_many_rows() -> None:
    found = said(measured(0.1, 0.5, 0.05), 0.9)  # 0.1 (n/8000)^-0.5 = 0.05 at 32,000
    assert found.verdict == "rows" and found.more is not None and not found.reason
    assert 20_000 <= found.more <= 28_000
    assert found.least is not None and found.most is not None and found.least <= found.more <= found.most
    near = said(measured(0.1, 0.5, 0.05), 0.87)  # at 12,500
    assert near.more is not None and 4_000 <= near.more <= 5_000 and not near.weak


def test_reached_never_and_too_far() -> None:
    assert said(measured(0.1, 0.5, 0.05), 0.84).verdict == "reached"
    never = said(measured(0.1, 0.9, 0.2), 0.95)
    assert never.verdict == "never" and not never.weak and never.more is None
    far = said(measured(0.1, 0.3, 0.0), 0.97)  # at 55 times the largest size
    assert (far.verdict, far.reason) == ("unknown", "far")
    weak = said(measured(0.1, 0.5, 0.0), 0.965)
    assert weak.verdict == "rows" and weak.weak


def test_what_cannot_be_told() -> None:
    few = said(measured(0.1, 0.5, 0.05, sizes=SIZES[:3]), 0.99)
    assert (few.verdict, few.reason) == ("unknown", "sizes")
    assert judge(measured(0.1, 0.5, 0.05, sizes=SIZES[:3]), 1.0, None).needed is None
    one = said(measured(0.1, 0.5, 0.05, seeds=1), 0.9)
    assert (one.verdict, one.reason) == ("unknown", "seeds")
    noisy = said(measured(0.03, 0.3, 0.2, spread=0.03), 0.8)
    assert noisy.verdict in ("unknown", "rows") and (noisy.verdict == "rows" or noisy.reason in ("open", "far"))


def test_a_law_that_missed_makes_the_answer_weak() -> None:
    given = measured(0.1, 0.5, 0.05)
    made = fit(given)
    assert not needed(given, made, 1.0, 0.87).weak and needed(given, made, 1.0, 0.87, trusted=False).weak
    assert needed(given, made, 1.0, 0.99, trusted=False).weak
    step = Measured(SIZES, given.errors - np.array([0, 0, 0, 0, 0.08])[:, None])
    assert not judge(step, 1.0, None).trusted


def test_an_interval_without_an_end_is_weak() -> None:
    given = measured(0.05, 0.5, 0.1, spread=0.012)
    found = said(given, 0.865)
    assert found.verdict == "rows" and found.most is None and found.weak


def test_the_answer_lies_on_the_curve_that_is_drawn() -> None:
    """Where chance leaves much open, the curves that it draws have their middle elsewhere."""
    given = measured(0.05, 0.5, 0.1, spread=0.02)
    found = judge(given, 1.0, 0.8635)
    assert found.needed is not None and found.needed.more is not None and found.needed.most is None
    rows = [item.rows - 8000 for item in found.band]
    assert np.interp(found.needed.more, rows, [item.score.value for item in found.band]) == pytest.approx(
        0.8635, abs=0.001
    )


def test_what_is_ahead() -> None:
    found = judge(measured(0.1, 0.5, 0.05), 1.0, None)
    assert found.law is not None and found.law.largest == 8000 and found.ceiling is not None and found.trusted
    assert [item.rows for item in found.ahead] == [8000, 12000, 16000, int(WEAK * 8000), int(2 * WEAK * 8000)]
    assert [item.weak for item in found.ahead] == [False] * 4 + [True]
    scores = [item.score.value for item in found.band]
    assert scores == sorted(scores) and found.band[0].rows == 500
    four = judge(measured(0.1, 0.5, 0.05, sizes=SIZES[1:]), 1.0, None)
    assert four.checks == [] and not four.trusted and four.law is not None


def test_metrics_with_another_best() -> None:
    found = judge(measured(10.0, 0.5, 5.0, spread=0.05), 100.0, 90.0).needed  # 10 (n/8000)^-0.5 = 5 at 32,000
    assert found is not None and found.verdict == "rows" and found.more == pytest.approx(24_000, rel=0.1)


def test_classes() -> None:
    hungry = judge_class(measured(0.3, 0.6, 0.05, spread=0.005), "rare", (20, 30))
    full = judge_class(measured(0.0, 1.0, 0.05, spread=0.02), "common", (900, 300))
    unknown = judge_class(measured(0.3, 0.6, 0.05, seeds=1), "other", (5, 12))
    few = judge_class(measured(0.3, 0.6, 0.05, sizes=SIZES[:3]), "few", (5, 12))
    faint = judge_class(measured(0.01, 0.3, 0.05, spread=0.001), "faint", (20, 30))
    assert not faint.needs and faint.gain is not None and 0 < faint.gain.value < 0.01  # less than a point
    assert hungry.needs and hungry.gain is not None and hungry.gain.low > 0 and hungry.ahead is not None
    assert hungry.recall == pytest.approx(0.65) and hungry.ahead.value > 0.7
    assert not full.needs and full.gain is not None and unknown.gain is None and few.ahead is None
    assert [item.name for item in sorted_by_need([unknown, full, hungry])] == ["rare", "common", "other"]


def test_records_go_through_json() -> None:
    score = Interval(value=0.8, low=0.7, high=0.9)
    found = LearningCurve(
        curve="c", table=1, metric="accuracy", frozen=False, rows=9, tested=5,
        points=[CurvePoint(rows=9, seeds=[1], scores=[0.8], score=score)], asked=1, had=1,
        judged=Judged(
            law=Law(a=0.1, b=0.5, c=0.0, largest=9), ahead=[Forecast(rows=18, score=score)],
            checks=[HeldOut(form="power", foretold=score, seen=0.8, held=True)],
        ),
        classes=[ClassCurve(name="a", rows=5, tested=3, recall=0.5)],
    )  # fmt: skip
    assert LearningCurve.model_validate_json(found.model_dump_json()) == found and FAR > WEAK
