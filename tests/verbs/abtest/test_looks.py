"""Looks at answers made by hand: the gain, its interval, and what it proves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.ab_book import arm_scores, exam, gains
from tunebook.core.verdict import Gate
from tunebook.stats.gate import proven, two_way
from tunebook.stats.sequential import chance_left
from tunebook.verbs.abtest.ab_plan import ABPlan, PlannedLook
from tunebook.verbs.abtest.looks import bootstrapped, gain, take_look, wanted_of


def arms(k: int, n: int, a: float, b: float, seed: int = 0):
    asked = exam(n)
    return tuple(arm_scores(asked, right) for right in gains(k, n, a, b, seed))


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
    beyond = (end - rule.delta for end in (expected.mean, expected.lower, expected.upper))
    assert (look.gain, look.lower, look.upper) == (expected.mean, expected.lower, expected.upper)
    assert look.gain == pytest.approx(difference.mean())
    assert (look.seeds, look.alpha) == (5, 0.03)
    assert look.verdict == proven(expected.lower, *beyond) == verdict
    assert (look.se, look.df) == (pytest.approx(expected.se), pytest.approx(expected.df))


@pytest.mark.parametrize(("rows", "verdict"), [(12, "INCONCLUSIVE"), (140, "INCONCLUSIVE"), (1500, "REJECT")])
@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_answers_that_are_alike_prove_nothing_of_rarer_rows(rows, verdict, kind):
    same = arms(3, rows, 0.7, 0.7)[0]
    look = take_look(same, same, Gate(metric="accuracy", delta=0.02, delta_kind=kind), 0.05)
    missed = (1 - look.upper) ** rows  # the chance that no row shows a difference that so many have
    assert (look.gain, look.lower, look.verdict) == (0, -look.upper, verdict) and missed == pytest.approx(0.05)


def plan(delta, kind="absolute"):
    looks = [PlannedLook(seeds=place, alpha=0.03) for place in (3, 5)]
    return ABPlan.model_construct(metric="accuracy", delta=delta, delta_kind=kind, looks=looks)


def test_the_chance_that_is_left_until_the_planned_end():
    sides = arms(3, 400, 0.7, 0.71)
    effect = two_way(sides[1].rows("accuracy") - sides[0].rows("accuracy"), 0.03)
    found = take_look(*sides, plan(0.02), 0.03).chance
    assert found == chance_left(effect, 5, 0.03, 0.02)
    score = float(sides[0].rows("accuracy").mean())
    share = take_look(*sides, plan(0.02 / score, "relative"), 0.03).chance
    assert share == pytest.approx(found), "two points of A's score are as much"
    assert take_look(*arms(5, 400, 0.7, 0.71), plan(0.02), 0.03).chance is None, "the end"
    assert take_look(*sides, Gate(metric="accuracy"), 0.03).chance is None, "no plan, no further look"


def test_a_share_is_of_the_old_score():
    assert wanted_of(Gate(delta=0.02), 0.5) == 1
    assert wanted_of(Gate(delta=0.02, delta_kind="relative"), 0.5) == 1.02
    assert wanted_of(Gate(delta=0.02, delta_kind="relative"), -0.5) == 0.98, "towards 0: -0.49 is better"
    sides = arms(4, 800, 0.5, 0.53)
    absolute, relative = (
        take_look(*sides, Gate(metric="accuracy", delta=0.04, delta_kind=kind), 0.05)
        for kind in ("absolute", "relative")
    )
    assert absolute.gain == relative.gain
    assert (absolute.verdict, relative.verdict) == ("INCONCLUSIVE", "PROMOTE")


def relative(sides, metric, delta):
    return take_look(*sides, Gate(metric=metric, delta=delta, delta_kind="relative"), 0.05).verdict


def test_a_relative_delta_is_judged_by_what_was_gained_beyond_it():
    """The interval of B - (1 + delta) A, not that of B - A beside a share of A's mean as if that were known."""
    sides = arms(5, 900, 0.5, 0.56, seed=3)
    of_a, of_b = (side.rows("accuracy").astype(float) for side in sides)
    seen = []
    for delta in (0.0, 0.03, 0.07, 0.1, 0.13, 0.2, 0.3):
        beyond, some = two_way(of_b - (1 + delta) * of_a), two_way(of_b - of_a)
        if beyond.lower > 0:
            expected = "STRONG"
        elif some.lower > 0 and beyond.mean >= 0:
            expected = "PROMOTE"
        else:
            expected = "REJECT" if beyond.upper < 0 else "INCONCLUSIVE"
        assert relative(sides, "accuracy", delta) == expected
        seen.append(expected)
    assert set(seen) == {"STRONG", "PROMOTE", "REJECT", "INCONCLUSIVE"}
    assert relative(arms(5, 900, 0.5, 0.7), "macro_f1", 0.05) == "STRONG", "of bootstrapped metrics as well"
    assert relative(arms(5, 900, 0.7, 0.6), "macro_f1", 0.05) == "REJECT"


def test_the_chance_in_the_old_score_counts():
    """Where A and B have nothing in common, A's own spread is in the interval of B - (1 + delta) A."""
    draw = np.random.default_rng(2)
    asked = exam(400)
    sides = tuple(arm_scores(asked, draw.random((4, 400)) < share) for share in (0.5, 0.5))
    plain, doubled = (gain(*sides, "accuracy", 0.05, times=times) for times in (1.0, 2.0))
    assert doubled.se > 1.4 * plain.se
    drawn = bootstrapped(*sides, "accuracy", 0.05, times=2.0)
    assert (drawn.mean, drawn.se) == pytest.approx((doubled.mean, doubled.se), rel=0.2)


def grouped(k, groups, size, seed=0):
    """Both arms right or wrong by groups: a group that B gets right it gets right in most of its rows."""
    draw = np.random.default_rng(seed)
    asked = replace(exam(groups * size), groups=np.repeat(np.arange(groups), size))
    liking = np.repeat(draw.normal(0, 0.3, groups), size)
    a = draw.random((k, groups * size)) < 0.6
    b = draw.random((k, groups * size)) < 0.6 + liking
    return arm_scores(asked, a), arm_scores(asked, b)


def test_groups_take_the_place_of_rows():
    sides = grouped(3, 15, 20)
    found = gain(*sides, "accuracy", 0.05)
    apart = sides[1].rows("accuracy") - sides[0].rows("accuracy")
    assert found == two_way(apart, 0.05, sides[0].exam.groups)
    assert (found.rows, found.groups) == (300, 15)
    assert found.se > 1.5 * two_way(apart, 0.05).se
    drawn = gain(*sides, "macro_f1", 0.05)
    assert drawn.groups == 15 and drawn.se == pytest.approx(found.se, rel=0.3)
    look = take_look(*sides, Gate(metric="accuracy"), 0.05)
    assert (look.lower, look.upper) == (found.lower, found.upper)


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
    look = take_look(arm_scores(asked, right), arm_scores(asked, right), Gate(metric="accuracy"), 0.05)
    assert (look.gain, look.verdict) == (0, "REJECT") and -0.02 < look.lower == -look.upper < 0
