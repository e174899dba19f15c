"""Which passages of a search become negatives, against plain loops and rule by rule."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.errors import DataError
from tunebook.core.judged import Judged
from tunebook.tasks.ranking.mining import Rules, Search, negatives


def packed(rows):
    flat = [(row, passage, value) for row, found in enumerate(rows) for passage, value in found.items()]
    row, passage, value = np.array(flat, dtype=np.float64).reshape(-1, 3).T
    return Judged(row.astype(np.int64), passage.astype(np.int64), value, len(rows))


def search(found, judged, scores=None, same=None):
    """A search whose scores of judged passages are those that it found, unless they are given."""
    known = packed(judged)
    if scores is None:
        scores = [found[row].get(passage, 0.0) for row, passage in zip(known.row, known.passage, strict=True)]
    same = np.arange(50) if same is None else np.array(same)
    return Search(packed(found), known, np.array(scores), same, np.arange(len(found)) + 100)


def taken(search, **rules):
    chosen, left = negatives(search, Rules(**rules))
    return [chosen.passage[chosen.row == row].tolist() for row in range(chosen.rows)], left


FOUND = [{3: 9.0, 1: 8.0, 7: 7.0, 2: 6.0, 5: 5.0}, {4: 3.0, 3: 2.0}]
JUDGED = [{1: 1.0, 2: 0.0}, {4: 1.0}]


def test_what_was_judged_is_no_new_negative():
    assert taken(search(FOUND, JUDGED)) == ([[3, 7, 5], [3]], {"alike": 0, "near": 0})


def test_ranks_and_their_number():
    assert taken(search(FOUND, JUDGED), first=2)[0] == [[7, 5], [3]]
    assert taken(search(FOUND, JUDGED), last=3)[0] == [[3, 7], [3]]
    assert taken(search(FOUND, JUDGED), count=1)[0] == [[3], [3]]


def test_what_reads_like_a_relevant_passage_or_the_query_is_left_out():
    same = np.arange(50)
    same[7], same[5] = same[1], 100
    assert taken(search(FOUND, JUDGED, same=same)) == ([[3], [3]], {"alike": 2, "near": 0})
    same[3] = same[2]
    assert taken(search(FOUND, JUDGED, same=same))[0] == [[3], [3]], "like one that is not relevant"


@pytest.mark.parametrize(
    ("rules", "expected", "near"),
    [
        ({"margin": 1.0}, [[7, 5], [3]], 1),
        ({"margin": 1.5}, [[5], []], 3),
        ({"relative": 0.1}, [[7, 5], [3]], 1),
        ({"relative": 0.2}, [[5], [3]], 2),
        ({"relative": 0.01, "margin": 3}, [[5], []], 3),
    ],
)
def test_the_margin_is_to_the_lowest_relevant_passage(rules, expected, near):
    assert taken(search(FOUND, JUDGED), **rules) == (expected, {"alike": 0, "near": near})


def test_of_scores_below_0_a_share_is_a_distance_too():
    found = [{1: -1.0, 2: -1.02, 3: -1.2}]
    assert taken(search(found, [{1: 1.0}]), relative=0.1)[0] == [[3]]


def test_the_lowest_of_several_counts_and_queries_without_any_have_no_limit():
    assert taken(search([{1: 9.0, 3: 5.0, 2: 4.0}], [{1: 1.0, 2: 1.0}]), margin=0.5)[0] == [[]]
    assert taken(search([{3: 5.0}], [{2: 0.0}], [1.0]), margin=0.5)[0] == [[3]]


def test_any_are_drawn_the_same_for_the_same_seed():
    wide = search([{passage: 50.0 - passage for passage in range(40)}], [{0: 1.0}])

    def drawn_with(seed):
        return negatives(wide, Rules(count=5, pick="any", seed=seed))[0].passage.tolist()

    first, again, other = map(drawn_with, (1, 1, 2))
    assert first == again != other and len(first) == 5 and sorted(first) == first, "best first"
    drawn = np.concatenate([drawn_with(seed) for seed in range(200)])
    assert set(drawn) == set(range(1, 40)) and drawn.mean() == pytest.approx(20, abs=1.5)


@pytest.mark.parametrize(
    "rule",
    [{"first": 0}, {"first": 5, "last": 4}, {"count": 0}, {"margin": -1}, {"relative": 1}, {"pick": "x"}],
)
def test_rules_out_of_bounds_are_refused(rule):
    with pytest.raises(DataError) as caught:
        Rules(**rule)
    assert caught.value.code == "mine.rule" and caught.value.key == next(iter(rule))
