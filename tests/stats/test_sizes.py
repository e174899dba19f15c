"""Sizes of groups: what unequal ones are worth, against matrices and draws."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.errors import DataError
from tunebook.stats.gate import MeanSquares, check_groups, of_groups
from tunebook.stats.sizes import Sizes


def test_effective_groups() -> None:
    assert Sizes.of(np.repeat([4, 9, 2], 5)).effective == 3.0
    assert Sizes(np.array([200] + [8] * 9)).effective == pytest.approx(272**2 / (200**2 + 9 * 64))


def test_the_spread_is_that_of_the_matrices() -> None:
    n = np.array([40.0, 3, 17, 9, 9])
    apart = np.eye(5) - np.outer(n / n.sum(), np.ones(5))
    seen = apart @ np.diag(n**1.4) @ apart.T
    factor, freedom = Sizes(n).spread()
    assert factor == pytest.approx((n**1.4).sum() / np.trace(seen) * 4 / 5)
    assert freedom == pytest.approx(np.trace(seen) ** 2 / np.trace(seen @ seen))


def test_the_mean_square_is_right_on_average_where_sums_vary_so() -> None:
    """The variance of the mean of all rows, of sums drawn with the variance that is assumed."""
    n = np.array([40, 3, 17, 9, 9])
    drawn = np.random.default_rng(0).standard_normal((40_000, 1, 5)) * n**0.7
    rows = np.repeat(drawn / n, n, axis=-1)  # each row is its group's mean
    values = of_groups(rows, np.repeat(np.arange(5), n))
    found = values.var(-1, ddof=1).mean() / 5 * Sizes(n).spread()[0]
    assert found == pytest.approx(drawn.sum(-1).var() / n.sum() ** 2, rel=0.03)


def test_groups_of_one_size_are_rows() -> None:
    assert Sizes(np.full(7, 12)).spread() == (1.0, None)
    values, groups = np.random.default_rng(0).normal(size=(3, 84)), np.repeat(np.arange(7), 12)
    assert MeanSquares.of_groups(values, groups) == MeanSquares.of(of_groups(values, groups))


@pytest.mark.parametrize("rows", [[30], [20, 20], [200, *[8] * 9]])
def test_too_few_are_refused(rows: list[int]) -> None:
    with pytest.raises(DataError) as caught:
        check_groups(Sizes(np.array(rows)), "user")
    assert (caught.value.code, caught.value.key) == ("stats.few_groups", "user")
    check_groups(Sizes(np.array([20, 20, 20])))


@pytest.mark.parametrize("rows", [[200, *[8] * 24], [100, *[20] * 6], [60] * 3 + [5] * 6])
def test_a_dominating_group_keeps_alpha(rows: list[int]) -> None:
    """Groups all of whose rows are alike, 5 seeds: either end at 5 %, which erred in 9 to 22 % before."""
    n, draws = np.array(rows), 4000
    codes, rng = np.repeat(np.arange(len(n)), n), np.random.default_rng(1)
    common = (rng.standard_normal((draws, 1, len(n))) + 0.5 * rng.standard_normal((draws, 5, len(n))))[..., codes]
    mean = common.mean((-2, -1))
    before = MeanSquares.of(of_groups(common, codes)).half_width(0.05)
    now = MeanSquares.of_groups(common, codes).half_width(0.05)
    assert (np.abs(mean) > now).mean() / 2 < 0.07 < 0.08 < (np.abs(mean) > before).mean() / 2
