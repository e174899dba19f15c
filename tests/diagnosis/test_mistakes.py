"""Single mistakes: classes taken for each other, sets of them, and places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.diagnosis.planted import looked, with_answers

from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.nouns import Labels
from tunebook.diagnosis.mistakes import Mistake, confusions, mistakes, of_places, span_errors


def test_a_pair_of_classes_is_found_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 6, 600)
    said = np.where(rng.random(600) < 0.06, rng.integers(0, 6, 600), true)
    said[(true == 2) & (rng.random(600) < 0.3)] = 4
    seen = looked(said, true, list("abcdef"))
    found = confusions(seen, mistakes(seen))
    assert [(pair.true, pair.said) for pair in found if pair.found] == [("c", "e")]
    first = found[0]
    assert first.count == int(((true == 2) & (said == 4)).sum())
    assert first.of == int((true == 2).sum())
    assert first.share.value == pytest.approx(first.count / first.of)
    assert {int(row[1:]) for row in first.ids} <= set(np.flatnonzero((true == 2) & (said == 4)).tolist())
    assert span_errors(seen, mistakes(seen)) == []


def test_groups_count_once() -> None:
    true, said = np.repeat([0, 1, 0, 1, 2, 2], 30), np.repeat([1, 1, 0, 1, 2, 2], 30)
    groups = [f"g{number}" for number in np.repeat(np.arange(6), 30)]
    alone = looked(said, true, "abc")
    together = looked(said, true, "abc", other={"who": groups}, group="who")
    assert confusions(alone, mistakes(alone))[0].found
    pair = confusions(together, mistakes(together))[0]
    assert (pair.count, pair.found) == (30, False)


def test_sets_of_classes() -> None:
    labels = Labels(problem="multi_label", names=["a", "b", "c"])
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=np.float32)
    answers = np.array([[-1, 1, 0 - 1], [1, -1, -1], [-1, 1, 1], [1, -1, -1]], dtype=np.float32)
    seen = with_answers(answers, targets, labels)
    assert mistakes(seen) == [Mistake(0, "a", "b"), Mistake(1, "b", ""), Mistake(2, "", "b")]
    assert [(pair.true, pair.said, pair.count, pair.of) for pair in confusions(seen, mistakes(seen))] == [
        ("a", "b", 1, 3)
    ]


def test_numbers_have_no_classes() -> None:
    labels = Labels(problem="regression", low=0, high=4)
    seen = with_answers(np.ones((6, 1), dtype=np.float32), np.arange(6, dtype=np.float32) % 3, labels)
    assert mistakes(seen) == []
    assert confusions(seen, []) == []


def place(start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


@pytest.mark.parametrize(
    ("true", "said", "sorts"),
    [
        ([(0, 3, "A")], [(0, 3, "A")], []),
        ([(0, 3, "A")], [(0, 4, "A")], ["boundary"]),
        ([(0, 3, "A")], [(0, 3, "B")], ["class"]),
        ([(0, 3, "A")], [(1, 4, "B")], ["both"]),
        ([(0, 3, "A")], [(3, 4, "A")], ["missed", "invented"]),
        ([(0, 9, "A")], [(0, 2, "A"), (3, 9, "A")], ["boundary", "invented"]),
        ([], [(0, 2, "A")], ["invented"]),
        ([(0, 2, "A"), (2, 4, "B")], [(0, 4, "B")], ["boundary", "missed"]),
    ],
)
def test_places(true: list[Any], said: list[Any], sorts: list[str]) -> None:
    found = of_places(0, [place(*one) for one in true], [place(*one) for one in said])
    assert sorted(one.sort for one in found) == sorted(sorts)


def test_places_of_a_task() -> None:
    labels = Labels(problem="spans", names=["PER", "LOC"])
    read = np.array([(20, 1, 0, 0)] * 2)
    one = np.ones(2)
    true = Spans(np.array([0, 1]), np.array([0, 5]), np.array([3, 9]), np.array([0, 1]), one, read)
    said = Spans(np.array([0, 1]), np.array([0, 5]), np.array([3, 8]), np.array([1, 1]), one, read)
    seen = with_answers(said.matrix(SAID), true.matrix(TRUE), labels, ["x" * 20] * 2)
    found = mistakes(seen)
    assert [(one.true, one.said, one.sort) for one in found] == [("PER", "LOC", "class"), ("LOC", "LOC", "boundary")]
    assert [(part.sort, part.count, part.share.value) for part in span_errors(seen, found)] == [
        ("class", 1, 0.5),
        ("boundary", 1, 0.5),
    ]
    assert [(pair.true, pair.said, pair.of) for pair in confusions(seen, found)] == [("PER", "LOC", 1)]
