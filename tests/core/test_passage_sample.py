"""Fewer passages: those that are judged stay, the others are drawn, and numbers follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.core.passage_sample import of_each, others, with_fewer

PASSAGES = [f"passage {number}" for number in range(40)]
JUDGED = Judged(np.array([0, 0, 1]), np.array([7, 39, 7]), np.array([1.0, 0.0, 2.0]), 2)
ROWS = Rows(["q", "r"], None, JUDGED.matrix(), ["1", "2"], passages=PASSAGES, passage_ids=[f"p{n}" for n in range(40)])


def test_judged_passages_stay_and_the_same_others_are_drawn() -> None:
    found = with_fewer(ROWS, 5)
    assert found.passages is not None and found.passage_ids is not None and found.targets is not None
    assert len(found.passages) == 7 and list(found.passages) == sorted(found.passages, key=PASSAGES.index)
    assert [f"p{PASSAGES.index(text)}" for text in found.passages] == found.passage_ids
    judged = Judged.of(found.targets)
    assert [found.passages[number] for number in judged.passage] == ["passage 7", "passage 39", "passage 7"]
    assert judged.value.tolist() == [1.0, 0.0, 2.0] and found.targets.dtype == ROWS.targets.dtype
    assert with_fewer(ROWS, 5).passages == found.passages
    assert with_fewer(replace(ROWS, passage_ids=None), 5).passage_ids is None


def test_others_are_those_that_are_not_judged() -> None:
    assert set(others(ROWS, 99).tolist()) == set(range(40)) - {7, 39}
    few = others(ROWS, 6)
    assert len(few) == 6 and (np.diff(few) > 0).all() and not {7, 39} & set(few.tolist())


def test_what_has_no_more_is_left_alone() -> None:
    assert with_fewer(ROWS, 40) is ROWS
    plain = Rows(["a"], None, np.array([1]), ["1"])
    assert with_fewer(plain, 1) is plain
    open_ = replace(ROWS, targets=None)
    assert with_fewer(open_, 1) is open_


def test_as_many_texts_of_each_class() -> None:
    classes = np.array([0] * 50 + [3] * 2 + [1] * 20)
    found = of_each(classes, 20)
    assert np.bincount(classes[found]).tolist() == [9, 9, 0, 2] and (np.diff(found) > 0).all()
    assert (found == of_each(classes, 20)).all() and found.tolist()[:9] != list(range(9)), "drawn, the same each time"
    assert len(of_each(classes, 1)) == 6 and of_each(classes, 100).tolist() == list(range(72))
    assert len(of_each(classes[:0], 5)) == 0
