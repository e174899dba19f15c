"""Units: sums, variances over groups, and quantiles against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from tunebook.stats.bootstrap import Units, folds_of, normal_quantile, t_quantile


def test_rows_without_common_groups_are_drawn_one_by_one():
    assert Units.of(4, None) == Units.of(4, np.array([7, 3, 9, 1])) == Units(4)
    grouped = Units.of(4, np.array([9, 3, 9, 3]))
    assert grouped.codes.tolist() == [1, 0, 1, 0] and grouped.count == 2 and grouped.size == 2
    assert (Units(4).count, Units(4).size) == (4, 1)
    with pytest.raises(ValueError, match="do not belong"):
        Units.of(3, np.zeros(4))


def test_sums_of_groups():
    units = Units.of(5, np.array([0, 0, 1, 2, 1]))
    assert units.sums(np.arange(5.0)).tolist() == [1, 6, 3]
    assert units.sums(np.eye(5)[:, :2]).tolist() == [[1, 1], [0, 0], [0, 0]]
    assert Units(2).sums(np.array([True, False])).tolist() == [1, 0]
    assert units.size == pytest.approx((4 + 4 + 1) / 5)


def test_variance_of_a_mean_is_the_cluster_robust_one_of_statsmodels():
    rng = np.random.default_rng(0)
    groups = rng.integers(12, size=90)
    values = rng.normal(size=90) + rng.normal(size=12)[groups]
    fit = OLS(values, np.ones(90)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    ours = Units.of(90, groups).scatter((values - values.mean()) / 90)
    assert ours == pytest.approx(fit.bse[0] ** 2)
    pairs = np.stack([values - values.mean(), values**2 - (values**2).mean()], axis=1)
    assert Units(90).scatter(pairs / 90) == pytest.approx(np.cov(pairs.T) / 90)


def test_quantiles_are_those_of_scipy():
    assert normal_quantile(0.9) == pytest.approx(stats.norm.ppf(0.95))
    assert t_quantile(8, 0.95) == Units(8).quantile(0.95) == pytest.approx(stats.t.ppf(0.975, 7))
    assert t_quantile(1, 0.95) == pytest.approx(stats.t.ppf(0.975, 1))


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
