"""Rows as values to bet on: pairs, units that are drawn, chances given the past."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.operation import Rolling
from tunebook.rollout.router import HashRouter, place, unit_of
from tunebook.rollout.rows import Rows
from tunebook.rollout.state import State
from tunebook.rollout.streams import arm_counts, drawn, draws_of, in_shadow, measured, once, paired

STAGES = [0.0, 20.0, 50.0, 100.0]


def rows(**columns):
    n = len(columns["stage"])
    default = {
        "request": np.arange(n), "number": np.zeros(n, int), "names": np.array([str(i) for i in range(n)]),
        "at": np.arange(n, dtype=float), "unit": np.arange(n), "new": np.zeros(n, bool), "failed": np.zeros(n, bool),
        "seconds": np.zeros(n), "work": np.zeros(n), "label": np.array(["a"] * n, dtype=object),
    }  # fmt: skip
    return Rows(**{**default, **{name: np.asarray(value) for name, value in columns.items()}})


def test_chances_are_those_of_the_draw_given_the_past():
    found = draws_of(
        rows(
            stage=[1, 2, 2, 3, 3, 3, 3, 4],
            unit=[9, 1, 2, 1, 2, 3, 3, 3],
            new=[False, False, True, True, True, False, False, True],
        ),
        STAGES,
    )
    assert found.served.tolist() == [False, *[True] * 6, False]
    assert found.chance == pytest.approx([np.nan, 0.2, 0.2, 0.375, np.nan, 0.5, 0.5, np.nan], nan_ok=True)
    assert found.first.tolist() == [False, True, True, True, True, True, False, False]
    assert found.turn[5] == found.turn[6] != found.turn[4]


def test_chances_are_those_with_which_the_router_draws():
    """Units that had the old one at 20 %: as many of them get the new one at 50 % as the chance says."""
    state = State(live="a", candidate="b", stage=2, salt="s", rules=Rolling(stages=STAGES))
    places = np.array([place(unit_of(f"u{i}", "s")) for i in range(20_000)])
    stayed = places >= 0.2
    assert (places[stayed] < 0.5).mean() == pytest.approx(0.375, abs=4 * (0.375 * 0.625 / stayed.sum()) ** 0.5)
    assert HashRouter(state).choose("u0").role == ("challenger" if places[0] < 0.2 else "champion")


def test_nothing_drawn_yet():
    none = draws_of(rows(stage=[1, 1]), STAGES)
    assert not none.first.any()
    assert arm_counts(rows(stage=[1, 1]), none) == []
    assert in_shadow(rows(stage=[1, 2]), STAGES).tolist() == [True, False]


def test_texts_of_a_request_count_as_their_mean_when_the_last_is_known():
    some = rows(stage=[2] * 4, request=[0, 0, 1, 2], number=[0, 1, 0, 0], unit=[0, 0, 1, 2])
    value, at = np.array([1.0, 0.0, 1.0, np.nan]), np.array([1.0, 9.0, 5.0, 2.0])
    found = measured(some, value, at, np.ones(4, bool))
    assert found.place.tolist() == [2, 0]
    assert found.value.tolist() == [1.0, 0.5]
    assert found.at.tolist() == [5.0, 9.0]
    assert len(measured(some, value, at, np.zeros(4, bool)).value) == 0


def test_a_unit_counts_once_a_stage():
    some = rows(stage=[2, 2, 2, 3], unit=[7, 8, 7, 7])
    draws = draws_of(some, STAGES)
    found = once(measured(some, np.ones(4), some.at, draws.served), draws)
    assert found.place.tolist() == [0, 1, 3]
    x, low = drawn(found, some, draws)
    assert len(x) == len(low) == 3


def test_units_that_keep_the_new_one_are_no_news():
    some = rows(stage=[2, 3], unit=[7, 7], new=[True, True])
    draws = draws_of(some, STAGES)
    assert len(drawn(measured(some, np.ones(2), some.at, draws.served), some, draws)[0]) == 1
    assert [(count.tolist(), chance) for count, chance in arm_counts(some, draws)] == [([1, 0], 0.2)]


def test_pairs_are_of_one_request_and_in_the_order_in_which_they_were_known():
    some = rows(stage=[1] * 5, request=[0, 1, 1, 0, 2], new=[False, False, True, True, False])
    found = paired(some, measured(some, np.array([0.2, 0.5, 0.9, 1.0, 0.0]), some.at, np.ones(5, bool)))
    assert found.apart == pytest.approx([0.4, 0.8])
    assert (found.old.tolist(), found.new.tolist()) == ([1, 0], [2, 3])
