"""Passages of queries, packed into matrices and read again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.judged import Judged, told_apart

PASSAGES = st.dictionaries(st.integers(0, 2**24 - 1), st.sampled_from([0.0, 0.5, 1.0, 3.0]), max_size=5)


def judged(rows):
    flat = [(row, passage, value) for row, found in enumerate(rows) for passage, value in found.items()]
    row, passage, value = np.array(flat, dtype=np.float64).reshape(-1, 3).T
    return Judged(row.astype(np.int64), passage.astype(np.int64), value, len(rows))


@given(st.lists(PASSAGES, max_size=6))
def test_what_is_packed_is_read_again_in_both_widths(rows):
    for dtype in (np.float64, np.float32):
        matrix = judged(rows).matrix(dtype)
        assert matrix.dtype == dtype and matrix.shape == (len(rows), 1 + 2 * max(map(len, rows), default=0))
        found = Judged.of(matrix)
        assert found.rows == len(rows)
        again = [{} for _ in rows]
        for row, passage, value in zip(found.row, found.passage, found.value, strict=True):
            again[row][passage] = value
        assert again == rows


@given(st.lists(PASSAGES, min_size=1, max_size=6), st.integers(1, 4))
def test_the_best_come_first_and_equal_ones_by_their_number(rows, most):
    best = judged(rows).best(most)
    for row, found in enumerate(rows):
        expected = sorted(found, key=lambda passage: (-found[passage], passage))[:most]
        assert best.passage[best.row == row].tolist() == expected


@given(st.lists(PASSAGES, min_size=1, max_size=6), st.randoms())
def test_values_in_another_are_looked_up_by_query_and_passage(rows, draw):
    others = list(rows)
    draw.shuffle(others)
    asked, known = judged(others), judged(rows)
    found = asked.values_in(known)
    expected = [rows[row].get(passage, np.nan) for row, passage in zip(asked.row, asked.passage, strict=True)]
    np.testing.assert_array_equal(found, expected)


def test_a_line_of_nan_has_no_passage():
    assert Judged.of(np.full((2, 5), np.nan)).counts.tolist() == [0, 0]


def test_places_count_from_0_in_each_query():
    assert judged([{4: 1.0, 9: 0.0}, {}, {1: 1.0}]).places.tolist() == [0, 1, 0]


@given(st.lists(PASSAGES, max_size=6), st.data())
def test_what_queries_have_is_counted_by_hand(rows, data):
    said = [{one: -1.0 for one in found if data.draw(st.booleans())} for found in rows]
    found = told_apart(judged(rows), judged(said))
    for row, (gains, scores) in enumerate(zip(rows, said, strict=True)):
        kinds, scored = {gain > 0 for gain in gains.values()}, {gains[one] > 0 for one in scores}
        expected = (True in kinds, len(kinds) == 2, len(scored) == 2, len(scores) > 1)
        assert tuple(bool(found[name][row]) for name in ("relevant", "both", "scored_both", "scored_two")) == expected
    alone = told_apart(judged(rows))
    assert not alone["scored_both"].any() and not alone["scored_two"].any()
    np.testing.assert_array_equal(alone["both"], found["both"])
