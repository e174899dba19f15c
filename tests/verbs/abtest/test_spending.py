"""Looks: where a test has them, what they may spend, and what earlier tests have spent."""

from __future__ import annotations

import pytest

from tunebook.core.errors import PlanError
from tunebook.core.verdict import Gate
from tunebook.stats.sequential import spent, together
from tunebook.verbs.abtest.spending import PlannedLook, Taken, dearest, nested, planned_looks, spent_elsewhere

EACH = spent(0.05, 3, (3, 5, 10))


def errors(looks):
    return [(look.seeds, look.alpha) for look in looks]


def test_the_gates_later_looks_are_paid_for():
    assert errors(planned_looks(5, None, Gate())) == [(3, EACH), (5, EACH)]
    assert errors(planned_looks(10, None, Gate())) == [(3, EACH), (5, EACH), (10, EACH)]
    four = spent(0.05, 4, (3, 5, 7, 10))
    assert errors(planned_looks(7, None, Gate())) == [(3, four), (5, four), (7, four)]
    assert errors(planned_looks(5, [], Gate())) == [(5, 0.05)], "whoever looks once pays for one look"


def test_going_on_after_an_open_question_costs_no_more():
    taken = [Taken("t", look.seeds, look.alpha) for look in planned_looks(5, None, Gate())]
    further = planned_looks(10, None, Gate(), taken)
    assert [alpha for _, alpha in errors(further)] == pytest.approx([EACH] * 3, rel=1e-4)
    assert together(dict(errors(dearest([*taken, *further])))) == pytest.approx(0.05, rel=1e-5)


def test_a_look_that_was_not_paid_for_takes_what_is_left():
    taken = [Taken("t", 3, 0.03)]
    (look,) = planned_looks(5, [], Gate(), taken)
    assert 0.02 < look.alpha < 0.05
    assert together({3: 0.03, 5: look.alpha}) == pytest.approx(0.05, rel=1e-5)


def test_where_nothing_is_left_the_test_is_refused_and_says_who_has_spent_it():
    taken = [Taken("one", 5, 0.05), Taken("two", 3, 0.01), Taken("one", 3, 0.002)]
    with pytest.raises(PlanError) as caught:
        planned_looks(10, None, Gate(), taken)
    error = caught.value
    assert error.code == "ab.spent" and error.key == "one, two"
    assert "3: 0.01, 5: 0.05" in error.message and "--force" in error.advice
    assert planned_looks(5, [], Gate(), taken[:1])[0].alpha == pytest.approx(0.05), "it sees what that look saw"


def test_each_number_of_seeds_counts_once():
    looks = [Taken("one", 5, 0.02), PlannedLook(seeds=3, alpha=0.01), Taken("two", 5, 0.03)]
    assert errors(dearest(looks)) == [(3, 0.01), (5, 0.03)]
    assert dearest([]) == []


def test_looks_at_other_runs_leave_less_of_alpha():
    starts = [Taken("t", 5, 0.0125, f"accuracy run{number}") for number in range(4)]
    (look,) = planned_looks(5, [], Gate(), starts[:2])
    assert look.alpha == pytest.approx(0.025), "Bonferroni: they share no runs"
    assert spent_elsewhere([*starts[:2], Taken("own", 5, 0.02)]) == pytest.approx(0.025)
    mixed = planned_looks(5, [], Gate(), [*starts[:2], Taken("own", 3, 0.02)])
    assert together({3: 0.02, 5: mixed[0].alpha}) == pytest.approx(0.025, rel=1e-5)
    with pytest.raises(PlanError, match=r"ab\.spent"):
        planned_looks(5, [], Gate(), starts)


def test_the_gates_own_end_is_paid_for_in_a_longer_test():
    gate = Gate(seeds=4)
    four = spent(0.05, 4, (3, 4, 5, 10))
    assert errors(planned_looks(10, None, gate)) == [(3, four), (5, four), (10, four)]
    assert errors(planned_looks(4, None, gate)) == [(3, four), (4, four)]


def test_only_the_first_seeds_are_nested():
    assert nested([1, 2, 3]) and not nested([2, 3, 4]) and not nested([3, 2, 1])


@pytest.mark.parametrize(("seeds", "asked"), [(5, [2]), (9, [3, 4, 5]), (5, [1, 3])])
def test_looks_that_are_too_early_or_too_many(seeds, asked):
    with pytest.raises(PlanError, match=r"ab\.looks"):
        planned_looks(seeds, asked, Gate())
