"""Rows with passages: what they are known by, and what is read of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged

TARGETS = Judged(np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([1.0, 0.0, 1.0]), 2).matrix()
ROWS = Rows(["first", "second"], None, TARGETS, ["a", "b"], passages=["x", "y", "z"], passage_ids=["p", "q", "r"])


def test_passages_are_part_of_what_is_read_and_gains_are_not():
    other = Judged(np.array([0, 0, 1]), np.array([2, 1, 2]), np.array([1.0, 0.0, 1.0]), 2).matrix()
    graded = Judged(np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([3.0, 0.0, 1.0]), 2).matrix()
    known = {ROWS.texts_id, replace(ROWS, passages=["x", "y", "w"]).texts_id, replace(ROWS, targets=other).texts_id}
    assert len(known) == 3 and replace(ROWS, targets=graded).texts_id == ROWS.texts_id


def test_some_rows_keep_all_passages():
    some = ROWS.at([1])
    assert some.texts == ["second"] and some.passages == ROWS.passages and some.passage_ids == ROWS.passage_ids
    assert some.targets is not None and some.targets[0, 1] == 2


def test_queries_and_judged_passages_are_read_each_by_itself_or_as_pairs():
    apart = ROWS.with_judged()
    assert apart.texts == ["first", "second", "x", "z"] and apart.pairs is None and len(apart.ids) == 4
    paired = ROWS.with_judged(paired=True)
    assert paired.texts == ["first", "first", "second"] and paired.pairs == ["z", "x", "z"]


def test_rows_without_passages_are_read_as_they_are():
    plain = Rows(["a"], None, None, ["1"])
    assert plain.with_judged() is plain and replace(ROWS, targets=None).with_judged().texts == ROWS.texts
