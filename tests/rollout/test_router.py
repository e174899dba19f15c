"""Who gets the new model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tunebook.core.errors import BookError
from tunebook.core.operation import Rolling
from tunebook.rollout.router import HashRouter, place, unit_of
from tunebook.rollout.state import State

KEYS = [f"user-{number}" for number in range(4000)]
ON = State(live="a", candidate="b", stage=1, salt="s", rules=Rolling(stages=[0, 5, 25, 50, 100]))


def at(stage, **changes):
    return HashRouter(replace(ON, stage=stage, **changes))


def heard(router):
    return {key for key in KEYS if router.choose(key).version == "b"}


def test_without_a_rollout_the_live_run_answers_everybody():
    router = HashRouter(State(live="a", salt="s"))
    choice = router.choose("x")
    assert (choice.version, choice.role, choice.shadow, choice.stage) == ("a", "champion", None, 0)
    assert choice.unit == unit_of("x", "s")
    assert router.versions == ("a",)


def test_in_shadow_both_answer_and_the_live_one_is_heard():
    choice = at(1).choose("x")
    assert (choice.version, choice.role, choice.shadow, choice.stage) == ("a", "champion", "b", 1)
    assert at(1).versions == ("a", "b")
    assert heard(at(1)) == set()


def test_who_has_the_challenger_keeps_it_and_the_shares_are_kept():
    found = [heard(at(stage)) for stage in (2, 3, 4, 5)]
    assert found[0] < found[1] < found[2] < found[3] == set(KEYS)
    for some, share in zip(found, (0.05, 0.25, 0.5, 1), strict=True):
        assert abs(len(some) / len(KEYS) - share) <= 4 * (share * (1 - share) / len(KEYS)) ** 0.5
    choice = at(5).choose("x")
    assert (choice.version, choice.role, choice.shadow) == ("b", "challenger", None)


def test_it_is_the_same_in_every_process_and_another_in_the_next_rollout():
    assert heard(at(3)) == heard(at(3))
    other = heard(at(3, salt="t"))
    both = len(other & heard(at(3)))
    assert 150 < both < 350  # a quarter of a quarter: independent
    assert unit_of("x", "s") == "49b2c3ba204ce4d4"  # a change of this would move users between the arms


def test_any_key_is_drawn():
    for key in ("", "用户", "\udc80", "x" * 10_000):
        assert 0 <= place(at(2).choose(key).unit) < 1
    assert place("f" * 16) < 1
    assert place("0" * 16) == 0


def test_nothing_is_chosen_where_nothing_is_live():
    with pytest.raises(BookError) as caught:
        HashRouter(State())
    assert caught.value.code == "rollout.nothing_live"
