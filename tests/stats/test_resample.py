"""Draws, and the ends of intervals."""

import numpy as np
import pytest

from tunebook.stats.resample import acceleration_of, bca_ends, blocks, draw_weights, percentile_ends


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
