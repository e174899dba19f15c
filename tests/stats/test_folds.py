"""Folds: even, the same everywhere, and never a group in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.stats.folds import folds_of


@pytest.mark.parametrize("rows", [2, 7, 10, 11, 95, 1000])
def test_folds_are_even_and_use_every_row(rows: int) -> None:
    found = folds_of(rows)
    sizes = np.bincount(found)
    assert len(found) == rows and len(sizes) == min(rows, 10)
    assert sizes.max() - sizes.min() <= 1 and sizes.min() >= 1


def test_folds_are_these_on_every_machine() -> None:
    assert folds_of(12).tolist() == [0, 7, 3, 0, 5, 1, 8, 4, 1, 6, 2, 9]


@pytest.mark.parametrize("period", [2, 5, 10, 20])
def test_rows_that_come_in_turns_are_in_every_fold(period: int) -> None:
    kinds = np.arange(1000) % period
    shares = [(kinds[folds_of(1000) == fold] == 0).mean() for fold in range(10)]
    assert max(shares) < 2 / period and min(shares) > 0


def test_a_group_stays_together_and_folds_stay_even() -> None:
    draw = np.random.default_rng(0)
    groups = draw.integers(60, size=500)
    _, groups = np.unique(groups, return_inverse=True)
    found = folds_of(500, groups)
    assert all(len(set(found[groups == group])) == 1 for group in range(groups.max() + 1))
    sizes = np.bincount(found)
    assert len(sizes) == 10 and sizes.max() - sizes.min() <= np.bincount(groups).max()


def test_few_groups_make_few_folds_and_one_group_none() -> None:
    groups = np.array([0, 0, 0, 1, 1, 2])
    assert folds_of(6, groups).tolist() == [0, 0, 0, 1, 1, 2]
    assert folds_of(6, np.zeros(6, np.int64)).tolist() == folds_of(6).tolist()
    assert folds_of(0).tolist() == []
