"""The test by swapping answers, against all swaps and against McNemar's exact test."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tunebook.stats.bootstrap import Units
from tunebook.stats.paired import exact_p
from tunebook.stats.randomization import swap_p

Array = np.ndarray


def test_it_is_the_share_of_all_swaps_that_fall_so_far() -> None:
    old, new = np.array([3.0, 1, 2, 5, 4, 2, 1, 3]), np.array([1.0, 1, 3, 1, 2, 2, 0, 1])

    def fall(swapped: Array) -> float:
        return float(np.where(swapped, new, old).mean() ** 2 - np.where(swapped, old, new).mean() ** 2)

    seen = fall(np.zeros(8, dtype=bool))
    every = [fall(np.array(one)) >= seen - 1e-12 for one in product([False, True], repeat=8)]
    found = swap_p(fall, old != new, Units(8), draws=20_000)
    assert found == pytest.approx(np.mean(every), abs=0.01)


@pytest.mark.parametrize(("lost", "won"), [(8, 2), (5, 5), (9, 0), (2, 7)])
def test_of_right_and_wrong_it_is_the_sign_test(lost: int, won: int) -> None:
    old = np.array([1.0] * lost + [0.0] * won + [1.0] * 10)
    new = np.array([0.0] * lost + [1.0] * won + [1.0] * 10)

    def fall(swapped: Array) -> float:
        return float(np.where(swapped, new, old).mean() - np.where(swapped, old, new).mean())

    found = swap_p(fall, old != new, Units(len(old)), draws=20_000)
    one_sided = float(exact_p(won, lost)) / 2 if lost > won else None
    if one_sided is not None:
        assert found == pytest.approx(one_sided, abs=0.01)
    else:
        assert found > 0.5


def test_groups_are_swapped_together() -> None:
    """Ten rows of one group say no more than one row: either all are swapped or none."""
    old, new = np.ones(10), np.zeros(10)

    def fall(swapped: Array) -> float:
        return float(np.where(swapped, new, old).mean() - np.where(swapped, old, new).mean())

    assert swap_p(fall, old != new, Units(10), draws=999) < 0.01
    assert swap_p(fall, old != new, Units.of(10, np.zeros(10, dtype=int)), draws=999) == pytest.approx(0.5, abs=0.06)


def test_where_nothing_differs_nothing_is_shown() -> None:
    assert swap_p(lambda swapped: 0.0, np.zeros(5, dtype=bool), Units(5)) == 1.0
