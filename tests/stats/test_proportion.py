"""Wilson's interval against statsmodels, and over groups by what groups may and may not change."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tunebook.stats.proportion import effective_rows, right_interval, share_interval, wilson_interval
from tunebook.stats.units import Units


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (917, 1000), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_agrees_with_statsmodels(hits, n, level):
    interval = wilson_interval(hits, n, level)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(hits, n, 1 - level, "wilson"), abs=1e-12)
    assert interval.low <= interval.value == hits / n <= interval.high


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (5, 4), (-1, 4)])
def test_what_is_no_share_is_refused(hits, n):
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(hits, n)


def test_without_groups_the_share_is_wilsons():
    right = np.arange(40) % 5 > 0
    assert right_interval(right, Units(40)) == wilson_interval(32, 40)


def test_groups_of_equal_rows_are_worth_a_row_each_at_most():
    hits = np.repeat([20.0, 0.0], [24, 6])
    rows = np.full(30, 20.0)
    assert effective_rows(hits, rows) <= 30
    shrunk = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 29)) ** 2
    assert effective_rows(hits, rows) == pytest.approx(30 * 29 / 30 * shrunk, rel=0.05)


def test_without_an_error_a_group_is_worth_a_row():
    shrunk = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 9)) ** 2
    assert effective_rows(np.full(10, 20.0), np.full(10, 20.0)) == pytest.approx(10 * shrunk)


def test_rows_that_have_nothing_in_common_are_never_worth_more_than_they_are():
    even = effective_rows(np.full(50, 2.0), np.full(50, 4.0))  # each group has the same share
    assert even <= 200
    assert effective_rows(np.zeros((3, 2)), np.array([[1, 0], [2, 0], [1, 0]]))[1] == 0


def test_empty_groups_do_not_count():
    hits, rows = np.array([3.0, 1, 4, 2]), np.array([4.0, 3, 5, 2])
    found, padded = share_interval(hits, rows), share_interval(np.r_[hits, 0, 0], np.r_[rows, 0, 0])
    assert found == padded and found.low <= found.value <= found.high


def test_the_level_holds_with_groups_of_twenty():
    """Share .8 whose logit moves from group to group: within 4 Monte-Carlo errors of 95 %, plain Wilson far below."""
    rng = np.random.default_rng(5)
    chances = 1 / (1 + np.exp(-1.6 - rng.normal(size=1_000_000)))
    truth, repeats, inside, plain = chances.mean(), 600, 0, 0
    for _ in range(repeats):
        hits = rng.binomial(20, rng.choice(chances, size=20)).astype(float)
        for interval, is_plain in ((share_interval(hits, np.full(20, 20.0)), 0), (wilson_interval(hits.sum(), 400), 1)):
            held = interval.low <= truth <= interval.high
            inside, plain = (inside, plain + held) if is_plain else (inside + held, plain)
    assert abs(inside / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)
    assert plain / repeats < 0.85
