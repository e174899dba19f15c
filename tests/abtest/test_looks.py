"""Looks at answers made by hand: the gain, its interval, and what it proves."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ab_book import exam, gains, marks
from tunebook.abtest.gate import Gate
from tunebook.abtest.looks import bootstrapped, gain, least_gain, take_look
from tunebook.stats.gate import decide, two_way


def arms(k: int, n: int, a: float, b: float, seed: int = 0):
    asked = exam(n)
    return tuple(marks(asked, right) for right in gains(k, n, a, b, seed))


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [(0.6, 0.8, "STRONG"), (0.8, 0.6, "REJECT"), (0.7, 0.7, "REJECT"), (0.70, 0.722, "INCONCLUSIVE")],
)
def test_what_a_look_proves(a, b, verdict):
    sides = arms(5, 1500, a, b)
    rule = Gate(metric="accuracy", delta=0.02 if verdict != "INCONCLUSIVE" else 0.03)
    look = take_look(*sides, rule, 0.03)
    difference = sides[1].rows("accuracy") - sides[0].rows("accuracy")
    expected = two_way(difference, 0.03)
    assert (look.gain, look.lower, look.upper) == (expected.mean, expected.lower, expected.upper)
    assert look.gain == pytest.approx(difference.mean())
    assert (look.seeds, look.alpha) == (5, 0.03)
    assert look.verdict == decide(expected.mean, expected.lower, expected.upper, rule.delta) == verdict


def test_a_share_is_of_the_old_score():
    assert least_gain(Gate(delta=0.02), 0.5) == 0.02
    assert least_gain(Gate(delta=0.02, delta_kind="relative"), 0.5) == 0.01
    assert least_gain(Gate(delta=0.02, delta_kind="relative"), -0.5) == 0.01
    sides = arms(4, 800, 0.5, 0.53)
    absolute, relative = (
        take_look(*sides, Gate(metric="accuracy", delta=0.04, delta_kind=kind), 0.05)
        for kind in ("absolute", "relative")
    )
    assert absolute.gain == relative.gain
    assert (absolute.verdict, relative.verdict) == ("INCONCLUSIVE", "PROMOTE")


def test_a_metric_without_rows_is_bootstrapped():
    sides = arms(3, 300, 0.6, 0.8)
    found = gain(*sides, "macro_f1", 0.05)
    assert found.mean == pytest.approx(float((sides[1].scores("macro_f1") - sides[0].scores("macro_f1")).mean()))
    assert found.lower < found.mean < found.upper


def test_both_ways_agree_where_both_apply():
    sides = arms(5, 600, 0.6, 0.7)
    by_rows, drawn = gain(*sides, "accuracy", 0.05), bootstrapped(*sides, "accuracy", 0.05)
    assert drawn.mean == pytest.approx(by_rows.mean)
    assert drawn.se == pytest.approx(by_rows.se, rel=0.15)


def test_equal_answers_gain_nothing():
    right = np.random.default_rng(0).random((3, 200)) < 0.8
    asked = exam(200)
    look = take_look(marks(asked, right), marks(asked, right), Gate(metric="accuracy"), 0.05)
    assert (look.gain, look.lower, look.upper, look.verdict) == (0, 0, 0, "REJECT")
