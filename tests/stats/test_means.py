"""Means and correlations: variances by leaving rows out, and the level of skewed errors by simulation."""

import numpy as np
import pytest
from scipy import stats

from tunebook.stats.bootstrap import Units
from tunebook.stats.influence import mean_interval, pearson_interval, spearman_interval
from tunebook.stats.ranking import pearson, spearman


def pair(rows, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = x + rng.normal(size=rows)
    return (np.round(x), np.round(2 * y) / 2) if ties else (x, y)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("score", "interval"), [(pearson, pearson_interval), (spearman, spearman_interval)])
def test_variance_is_that_of_the_jackknife(score, interval, ties):
    x, y = pair(150, ties=ties)
    left_out = np.array([float(score(np.delete(x, row), np.delete(y, row))) for row in range(150)])
    error = np.sqrt(149 / 150 * ((left_out - left_out.mean()) ** 2).sum())
    found = interval(x, y, Units(150))
    half = (np.arctanh(found.high) - np.arctanh(found.low)) / 2 * (1 - found.value**2)
    assert half / stats.t.ppf(0.975, 149) == pytest.approx(error, rel=0.03)
    assert found.value == pytest.approx(float(score(x, y)))


@pytest.mark.parametrize("interval", [pearson_interval, spearman_interval])
def test_correlations_of_normal_numbers_agree_with_scipy(interval):
    x, y = pair(3000, 4)
    expected = stats.pearsonr(x, y).confidence_interval()
    width = expected.high - expected.low
    found = pearson_interval(x, y, Units(3000))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=width / 10)
    ranked = interval(x, y, Units(3000))
    assert ranked.high - ranked.low == pytest.approx(width, rel=0.35)


@pytest.mark.parametrize("interval", [pearson_interval, spearman_interval])
def test_ends_of_correlations(interval):
    x, y = pair(40)
    assert np.isnan(interval(x, np.ones(40), Units(40)).low)
    perfect = interval(x, x, Units(40))
    assert perfect.low == pytest.approx(1) and perfect.high == pytest.approx(1)
    turned = interval(x, -y, Units(40))
    plain = interval(x, y, Units(40))
    assert (turned.low, turned.high) == pytest.approx((-plain.high, -plain.low))


def test_a_mean_of_symmetric_values_has_students_interval():
    values = np.r_[np.arange(-20.0, 21)] / 7
    found = mean_interval(values, Units(41))
    expected = stats.t.interval(0.95, 40, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


def test_skewness_moves_the_interval_upwards_as_hall_has_it():
    values = np.random.default_rng(0).exponential(size=60)
    found = mean_interval(values, Units(60))
    assert found.high - found.value > found.value - found.low > 0
    error = stats.sem(values)
    skew = stats.skew(values) / np.sqrt(60)
    for end, quantile in ((found.low, stats.t.ppf(0.975, 59)), (found.high, stats.t.ppf(0.025, 59))):
        seen = (found.value - end) / error
        # The skewness takes the population's spread, the error the sample's.
        turned = seen + skew * seen**2 / 3 + skew**2 * seen**3 / 27 + skew / 6
        assert turned == pytest.approx(quantile, rel=0.02)


def test_a_constant_has_no_width_and_copies_in_groups_tell_nothing_new():
    constant = mean_interval(np.ones(9), Units(9))
    assert (constant.low, constant.high) == (1, 1)
    values = np.random.default_rng(1).exponential(size=30)
    one = mean_interval(values, Units(30))
    four = mean_interval(np.repeat(values, 4), Units(120, np.repeat(np.arange(30), 4)))
    assert (four.low, four.high) == pytest.approx((one.low, one.high))
    x, y = pair(30)
    for interval in (pearson_interval, spearman_interval):
        one = interval(x, y, Units(30))
        four = interval(np.repeat(x, 4), np.repeat(y, 4), Units(120, np.repeat(np.arange(30), 4)))
        assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.01)


def test_the_level_holds_for_squared_errors_in_groups():
    """Ten rows a group, twenty groups: within 4 Monte-Carlo errors and two points of 95 %."""
    rng, repeats, inside = np.random.default_rng(2), 500, 0
    codes = np.arange(200) // 10
    for _ in range(repeats):
        errors = np.sqrt(0.3) * rng.normal(size=20)[codes] + np.sqrt(0.7) * rng.normal(size=200)
        found = mean_interval(errors**2, Units(200, codes))
        inside += found.low <= 1 <= found.high
    assert abs(inside / repeats - 0.95) < 0.02 + 4 * np.sqrt(0.95 * 0.05 / repeats)
