"""The bootstrap against SciPy, of rows and of groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tunebook.stats.bootstrap import (
    Units,
    acceleration_of,
    bca_ends,
    blocks,
    bootstrap_interval,
    draw_weights,
    percentile_ends,
)


def ends(interval):
    return np.array([interval.low, interval.high])


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_interval_of_a_mean_agrees_with_scipy(method):
    values = np.random.default_rng(0).exponential(size=80)
    seen = bootstrap_interval(values, 80, resamples=20000, seed=1, method=method)
    name = "BCa" if method == "bca" else "percentile"
    expected = stats.bootstrap((values,), np.mean, n_resamples=20000, method=name, rng=2).confidence_interval
    assert ends(seen) == pytest.approx(np.array(expected), abs=0.012)
    assert seen.value == pytest.approx(values.mean())


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_interval_of_a_function_agrees_with_scipy(method):
    rng = np.random.default_rng(3)
    values = rng.exponential(size=60)
    seen = bootstrap_interval(lambda rows: float(np.std(values[rows])), 60, resamples=6000, seed=1, method=method)
    name = "BCa" if method == "bca" else "percentile"
    expected = stats.bootstrap((values,), np.std, n_resamples=6000, method=name, rng=2).confidence_interval
    assert ends(seen) == pytest.approx(np.array(expected), abs=0.05)


def test_function_and_values_of_a_mean_give_the_same_interval():
    values = np.random.default_rng(4).random(40)
    by_function = bootstrap_interval(lambda rows: float(values[rows].mean()), 40, resamples=300, seed=7)
    assert ends(bootstrap_interval(values, 40, resamples=300, seed=7)) == pytest.approx(ends(by_function))


def test_the_same_seed_gives_the_same_interval_and_another_one_not():
    values = np.random.default_rng(0).random(100)
    first, again, other = (bootstrap_interval(values, 100, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("score", "n"), [(np.ones(3), 4), (np.ones(0), 0), (lambda rows: 1.0, 0)])
def test_no_rows_or_wrong_rows_are_refused(score, n):
    with pytest.raises(ValueError, match="rows"):
        bootstrap_interval(score, n)


def test_one_row_has_an_interval_of_no_width():
    assert ends(bootstrap_interval(lambda rows: 2.0, 1, resamples=10)).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_whole_groups_are_drawn(method):
    """Copies of rows in groups of three move the score as the rows themselves do; drawn one by one they would not."""
    values = np.random.default_rng(3).exponential(size=60)
    thrice, units = np.repeat(values, 3), Units(180, np.repeat(np.arange(60), 3))
    plain = ends(bootstrap_interval(values, 60, resamples=4000, method=method))
    for score in (thrice, lambda rows: float(thrice[rows].mean())):
        together = ends(bootstrap_interval(score, units, resamples=4000, seed=1, method=method))
        assert together == pytest.approx(plain, abs=0.03)
        alone = ends(bootstrap_interval(score, 180, resamples=1000, method=method))
        assert np.ptp(alone) < 0.7 * np.ptp(together)


def test_groups_of_several_sizes_give_their_rows():
    codes, seen = np.array([0, 1, 1, 2, 2, 2]), []
    bootstrap_interval(
        lambda rows: float(len(seen.append(np.bincount(rows, minlength=6)) or rows)),
        Units(6, codes),
        resamples=50,
        method="percentile",
    )
    assert all((counts[1] == counts[2]) and (counts[3] == counts[4] == counts[5]) for counts in seen)
    assert {int(counts.sum()) for counts in seen} > {6}


def test_blocks_hold_every_resample_once():
    assert list(blocks(10, 100_000)) == [2, 2, 2, 2, 2]
    assert list(blocks(3, 10**9)) == [1, 1, 1]
    assert list(blocks(5, 0)) == [5]


def test_weights_count_draws_with_replacement():
    weights = np.concatenate(list(draw_weights(50, 3000, np.random.default_rng(0))))
    assert weights.shape == (3000, 50)
    assert (weights.sum(1) == 50).all()
    # A row's number in a resample is binomial(50, 1/50); its mean over 3,000 draws has a standard error of 0.018.
    assert np.abs(weights.mean(0) - 1).max() < 5 * 0.018
    assert weights.var() == pytest.approx(0.98, abs=0.02)


def test_percentiles_leave_out_resamples_without_a_score():
    interval = percentile_ends(0.5, np.r_[np.linspace(0, 1, 101), np.nan], 0.9)
    assert (interval.low, interval.high) == pytest.approx((0.05, 0.95))


def test_without_bias_and_skew_bca_is_the_percentile():
    scores = np.linspace(0, 1, 1001)
    plain, corrected = percentile_ends(0.5, scores, 0.95), bca_ends(0.5, scores, 0.95, 0.0)
    assert (plain.low, plain.high) == pytest.approx((corrected.low, corrected.high))


@pytest.mark.parametrize(("value", "acceleration"), [(-1.0, 0.0), (0.5, 5.0)])
def test_bca_falls_back_on_percentiles_where_it_has_no_answer(value, acceleration):
    scores = np.linspace(0, 1, 1001)
    assert bca_ends(value, scores, 0.95, acceleration) == percentile_ends(value, scores, 0.95)


def test_a_score_that_is_not_a_number_has_no_ends():
    assert np.isnan(percentile_ends(float("nan"), np.ones(5), 0.95).low)
    assert np.isnan(bca_ends(0.5, np.full(5, np.nan), 0.95, 0.0).high)


def test_acceleration_of_shared_values_is_that_of_repeated_ones():
    values, times = np.array([0.1, 0.4, 0.9]), np.array([5, 2, 1])
    assert acceleration_of(values, times) == pytest.approx(acceleration_of(np.repeat(values, times)))
    assert acceleration_of(np.ones(4)) == 0
    assert acceleration_of(np.array([np.nan, 1.0])) == 0
