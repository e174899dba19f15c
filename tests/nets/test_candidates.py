"""Which passages of a row an epoch shows: so many of each kind, all tokens of those and no others."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.nets.candidates import PLACE, sample


def rows(query: bool = False) -> Encoded:
    """Rows with 5, 0, 2 and 3 judged passages; a token's number is 100 * passage + its place, its passage has 1 to 4 of
    them, and a query, if there is one, three tokens before them."""
    judged = Judged(
        np.repeat([0, 2, 3], [5, 2, 3]), np.arange(10), np.array([1, 0, 0, 2, 0, 1, 1, 0, 0, 0.0]), rows=4
    )  # fmt: skip
    ids, places, ends = [], [], [0]
    for row in range(4):
        ids += [-1, -2, -3] if query else []
        places += [-1] * 3 if query else []
        for place, passage in enumerate(judged.passage[judged.row == row].tolist()):
            ids += [100 * passage + number for number in range(1 + passage % 4)]
            places += [place] * (1 + passage % 4)
        ends.append(len(ids))
    flat = {"input_ids": np.array(ids, dtype=np.int32), PLACE: np.array(places, dtype=np.int32)}
    return Encoded(flat, np.array(ends), {"labels": judged.matrix(), "row": np.arange(4)})


@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize(("positives", "negatives"), [(1, 2), (1, 0), (2, 1), (9, 9)])
def test_so_many_of_each_kind_with_all_their_tokens(query: bool, positives: int, negatives: int) -> None:
    whole = rows(query)
    found = sample(whole, positives, negatives, (1, 2))
    old, new = Judged.of(whole.fixed["labels"]), Judged.of(found.fixed["labels"])
    for row in range(4):
        had, left = ({p: v for r, p, v in zip(j.row, j.passage, j.value, strict=True) if r == row} for j in (old, new))
        assert left.items() <= had.items()
        assert sum(v > 0 for v in left.values()) == min(positives, sum(v > 0 for v in had.values()))
        assert sum(v == 0 for v in left.values()) == min(negatives, sum(v == 0 for v in had.values()))
        ids = found.flat["input_ids"][found.offsets[row] : found.offsets[row + 1]].tolist()
        places = found.flat[PLACE][found.offsets[row] : found.offsets[row + 1]].tolist()
        expected = ([(-1, -1), (-2, -1), (-3, -1)] if query else []) + [
            (100 * passage + number, place) for place, passage in enumerate(left) for number in range(1 + passage % 4)
        ]
        assert list(zip(ids, places, strict=True)) == expected
    assert found.fixed["row"].tolist() == [0, 1, 2, 3]


def test_draws_hang_on_the_seed_and_are_fair() -> None:
    whole = rows()
    one, two = (sample(whole, 1, 1, (5, 0)).fixed["labels"] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    seen: Counter[int] = Counter()
    for epoch in range(600):
        judged = Judged.of(sample(whole, 1, 1, (5, epoch)).fixed["labels"])
        seen.update(judged.passage[judged.row == 0].tolist())
    assert all(250 < seen[passage] < 350 for passage in (0, 3))
    assert all(150 < seen[passage] < 250 for passage in (1, 2, 4))


def test_rows_without_any_passage_are_left_alone() -> None:
    none = Encoded(
        {"input_ids": np.array([7, 8]), PLACE: np.array([-1, -1])}, np.array([0, 2]), {"labels": np.zeros((1, 1))}
    )
    found = sample(none, 1, 1, (0,))
    assert found.flat["input_ids"].tolist() == [7, 8] and found.fixed["labels"].tolist() == [[0]]
