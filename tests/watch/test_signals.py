"""Signals: each finds what it is for and nothing else; strange rows raise nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tunebook.watch.course import Course
from tunebook.watch.looks import Asked, Taken, estimated_of, latency_of, take_looks, take_mistakes, windows
from tunebook.watch.reference import Reference
from tunebook.watch.rows import Watched, watched
from tunebook.watch.signals import LEAST, Shown, Signal, nearest, signals


def rows(count: int, seed: int, **more: Any) -> Watched:
    """Rows of a model that is right in about nine of ten cases, and knows it."""
    rng = np.random.default_rng(seed)
    score = rng.beta(9, 1, count)
    label = rng.choice(["good", "bad"], count)
    other = np.where(label == "good", "bad", "good")
    given: dict[str, Any] = {
        "at": np.arange(count) * 60.0, "characters": rng.integers(5, 90, count), "tokens": rng.integers(4, 40, count),
        "unknown": np.zeros(count), "cut": (rng.random(count) < 0.1).astype(float), "language": ["en"] * count,
        "label": label, "score": score, "truth": np.where(rng.random(count) < score, label, other),
        "vectors": rng.normal(size=(count, 16)), "seconds": np.full(count, 0.02),
    }  # fmt: skip
    return watched(count, **{**given, **more})


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.watch.signals._PERMUTATIONS", 19_999)


@pytest.fixture(scope="module")
def old() -> Reference:
    return Reference(rows(400, 0), rows(200, 1))


def alone(old: Reference, **more: Any) -> dict[str, Signal]:
    new = rows(150, 2, **more)
    return {signal.name: signal for signal in signals(old, new, new)}


def test_rows_of_the_same_source_surprise_nobody(old: Reference) -> None:
    found = alone(old)
    assert len(found) == 12
    assert min(signal.p_value for signal in found.values()) > 0.005
    assert found["input.unknown"].p_value == 1.0  # a column that is constant
    assert found["input.characters"].shown.edges
    assert found["answer.label"].shown.names == ["bad", "good"] or found["answer.label"].shown.names == ["good", "bad"]
    assert Shown() == found["input.mmd"].shown


@pytest.mark.parametrize(
    ("change", "raised"),
    [
        ({"characters": np.arange(150) + 60.0}, {"input.characters"}),
        ({"unknown": np.full(150, 0.3)}, {"input.unknown"}),
        ({"language": ["zh"] * 150}, {"input.language"}),
        ({"cut": np.ones(150)}, {"input.cut"}),
        ({"score": np.full(150, 0.5)}, {"answer.score"}),
        ({"label": ["good"] * 150, "truth": [""] * 150}, {"answer.label"}),
        ({"vectors": np.random.default_rng(5).normal(size=(150, 16)) + 1}, {"input.mmd", "input.classifier"}),
    ],
)
def test_each_signal_finds_its_own(old: Reference, change: dict[str, Any], raised: set[str]) -> None:
    found = alone(old, **change)
    assert {name for name, signal in found.items() if signal.p_value < 1e-4} - {"input.novelty"} == raised


def test_what_nobody_knows_is_no_signal(old: Reference) -> None:
    none = np.full(150, np.nan)
    found = alone(
        old, characters=none, tokens=none, unknown=none, cut=none, score=none, label=[""] * 150,
        truth=[""] * 150, language=[""] * 150, vectors=np.full((150, 16), np.nan),
    )  # fmt: skip
    assert found == {}
    few = rows(LEAST - 1, 3)
    assert signals(old, few, few) == []
    assert signals(old, rows(0, 3), rows(0, 3)) == []
    wide = alone(old, vectors=np.zeros((150, 3)))
    assert "input.mmd" not in wide


def test_numbers_are_tested_as_numbers() -> None:
    draw = np.random.default_rng(4)
    known = rows(200, 5, label=[f"{x:.3f}" for x in draw.normal(size=200)], truth=["0.5"] * 200)
    old = Reference(known, known, numeric=True, probable=False)
    new = rows(100, 6, label=[f"{x:.3f}" for x in draw.normal(2, 1, 100)], truth=["strange"] * 100)
    found = {signal.name: signal for signal in signals(old, new, new)}
    assert found["answer.label"].kind == "ks"
    assert found["answer.label"].p_value < 1e-9
    assert "answer.right" not in found
    assert "label.true" not in found


def test_many_rows_are_told_by_blocks() -> None:
    old = Reference(rows(2500, 7), rows(300, 8))
    new = rows(2500, 9)
    found = {signal.name: signal for signal in signals(old, new, new)}
    assert found["input.mmd"].rows == 2000
    assert found["input.mmd"].p_value > 0.001


def test_the_nearest_row_is_that_of_the_largest_cosine() -> None:
    known = np.random.default_rng(0).normal(size=(50, 8))
    places, cosine = nearest(known[::-1] * 1.0, known)
    hand = known[::-1] @ known.T
    assert places.tolist() == hand.argmax(1).tolist()
    assert cosine == pytest.approx(hand.max(1))


def test_windows_are_whole_and_grow_where_there_are_many() -> None:
    assert [len(part) for part in windows(rows(170, 1), 50)] == [50, 50, 50]
    assert [len(part) for part in windows(rows(2050, 1), 50)] == [103] * 19
    assert list(windows(rows(49, 1), 50)) == []


def test_looks_and_what_they_say_of_answers(old: Reference) -> None:
    asked = Asked("run", 60, 0.05, kept=True)
    found = take_looks(Course(), old, rows(130, 11), None, asked)
    assert isinstance(found, Taken)
    assert [look.number for look, _ in found.looks] == [1, 2]
    assert (found.waiting, found.alarms, found.course.read) == (10, [], 119 * 60.0)
    look = found.looks[-1][0]
    assert look.estimated is not None and look.measured is not None and look.expected is not None
    assert look.estimated == look.expected  # of the same rows
    assert abs(look.estimated.value - look.measured.value) < 0.12
    assert look.latency == pytest.approx([20.0, 20.0, 20.0])
    assert latency_of(np.array([np.nan])) == []
    later = take_looks(found.course, old, rows(60, 12), rows(0, 12), asked)
    assert later.looks[0][0].measured is None
    assert estimated_of(old, rows(60, 12)) == later.looks[0][0].estimated


def test_nothing_is_estimated_where_scores_are_no_probabilities(old: Reference) -> None:
    asked = Asked("run", 60, 0.05)
    some = rows(60, 13)
    number = Reference(old.inputs, old.answered, numeric=True, probable=False)
    look = take_looks(Course(), number, some, None, asked).looks[0][0]
    assert (look.estimated, look.measured, look.proven) == (None, None, None)
    few = Reference(old.inputs, old.answered.take(slice(0, 5)))
    assert take_looks(Course(), few, some, None, asked).looks[0][0].estimated is None
    assert estimated_of(few, some) is None
    mute = Reference(old.inputs, rows(50, 3, truth=[""] * 50))
    look = take_looks(Course(), mute, rows(60, 3, score=np.full(60, np.nan)), None, asked).looks[0][0]
    assert (look.estimated, look.proven) == (None, None)


def test_mistakes_go_on_from_call_to_call(old: Reference) -> None:
    asked = Asked("run", 60, 0.05, kept=True)
    course, fresh, none = take_mistakes(Course(), old, rows(0, 1), asked)
    assert (fresh, none) == ([], None)
    course, fresh, quiet = take_mistakes(course, old, rows(100, 14), asked)
    assert quiet is not None
    assert (quiet.rows, quiet.alarm, fresh) == (100, False, [])
    assert course.labels == 99 * 60.0
    wrong = rows(60, 15, label=["good"] * 60, truth=["bad"] * 60)
    course, fresh, loud = take_mistakes(course, old, wrong, asked)
    assert loud is not None
    assert (loud.rows, loud.alarm, len(fresh)) == (160, True, 1)
    assert take_mistakes(course, old, wrong, asked)[1] == []  # told once
    other, _, _ = take_mistakes(course, old, rows(30, 16), Asked("next", 60, 0.05))
    assert other.mistakes is not None
    assert other.mistakes.rows == 30  # another run begins anew
    bare = Reference(old.inputs, old.answered.take(slice(0, 5)))
    assert take_mistakes(Course(), bare, wrong, asked)[2] is None
