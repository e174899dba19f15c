"""Wilson's interval against statsmodels, and over groups by what groups may and may not change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tunebook.stats.bootstrap import Units
from tunebook.stats.counts import counts_of_confusion
from tunebook.stats.proportion import (
    Parts,
    at_most_p,
    effective_rows,
    prior_shares,
    right_interval,
    share_interval,
    wilson_ends,
    wilson_interval,
)

Z = 1.959964


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


@pytest.mark.parametrize("share", [0, 1])
def test_where_all_groups_are_right_or_wrong_a_group_is_worth_a_row(share):
    rows = np.array([20.0, 1, 4, 20, 20, 3, 20, 20, 1, 1])
    assert effective_rows(share * rows, rows) == 10


def test_few_groups_are_never_worth_less_than_as_many_rows():
    found = effective_rows(np.array([[2, 1, 4], [0, 3, 0], [0, 0, 0]]), np.array([[4, 4, 4], [0, 3, 3], [0, 0, 3]]))
    assert (found >= [1, 2, 2]).all() and (found < [4, 7, 10]).all()


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 6, 12])
def test_the_level_holds_where_the_rows_of_a_group_are_all_alike(groups):
    """By the exact distribution: never below that of Wilson's interval of as many rows, drawn one by one."""
    chances, right = np.linspace(0.005, 0.995, 199)[:, None], np.arange(groups + 1)
    found = [share_interval(5.0 * (np.arange(groups) < k), np.full(groups, 5.0)) for k in right]
    ends = np.array([[each.low, each.high] for each in found]).T, proportion_confint(right, groups, 0.05, "wilson")
    drawn = stats.binom.pmf(right, groups, chances)
    own, oracle = ((drawn * (low - 1e-9 <= chances) * (chances <= high + 1e-9)).sum(1) for low, high in ends)
    assert (own >= oracle - 1e-9).all() and 0.94 < own.mean() < 0.985


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


def test_of_single_rows_the_binomial_test_is_exact():
    for hits, rows, share in ((3, 20, 0.4), (0, 12, 0.1), (12, 12, 0.9), (29, 30, 0.95)):
        right = np.arange(rows) < hits
        assert at_most_p(right, Units(rows), share) == pytest.approx(stats.binom.cdf(hits, rows, share))
    assert at_most_p(np.zeros(5, dtype=bool), Units(5), 0.0) == 1.0


def test_of_groups_whose_rows_are_alike_the_binomial_test_keeps_its_level():
    rng, groups, size, share = np.random.default_rng(3), 20, 10, 0.7
    codes, found = np.repeat(np.arange(groups), size), []
    for _ in range(1000):
        right = np.repeat(rng.random(groups) < share, size)
        found.append((at_most_p(right, Units.of(len(right), codes), share), at_most_p(right, Units(len(right)), share)))
    grouped, single = (np.array(found) <= 0.05).mean(0)
    assert grouped <= 0.06 < 0.2 < single


def test_shares_are_of_what_is_true_and_predicted():
    counts = counts_of_confusion(np.array([[6, 2], [0, 0]]))
    assert prior_shares(counts) == pytest.approx([14 / 16, 2 / 16])
    assert prior_shares(counts_of_confusion(np.zeros((2, 2)))).tolist() == [0, 0]


def shares(values, rows):
    def ends(quantile):
        return wilson_ends(values, np.broadcast_to(rows, values.shape), quantile)

    return ends


def test_one_class_has_its_own_interval():
    found = Parts(np.array([0.8]), np.array([[0.004]]), shares(np.array([0.8]), 40.0)).mean(Z)
    own = wilson_interval(32, 40)
    assert (found.low, found.high) == pytest.approx((own.low, own.high), abs=1e-6)


def test_classes_that_move_together_are_as_unsure_as_one():
    values, variance = np.full(4, 0.8), 0.8 * 0.2 / 40
    found = Parts(values, np.full((4, 4), variance), shares(values, 40.0)).mean(Z)
    own = wilson_interval(32, 40)
    assert (found.low, found.high) == pytest.approx((own.low, own.high), abs=1e-6)


def test_many_classes_by_themselves_come_near_the_normal_interval():
    values, variance = np.full(400, 0.8), 0.8 * 0.2 / 40
    found = Parts(values, np.eye(400) * variance, shares(values, 40.0)).mean(Z)
    half = Z * np.sqrt(variance / 400)
    assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half), abs=half / 10)


def test_what_is_lacking_moves_both_ends_and_never_past_the_value():
    values = np.array([0.5, 0.6])
    plain = Parts(values, np.eye(2) * 0.01, shares(values, 25.0)).mean(Z)
    moved = Parts(values, np.eye(2) * 0.01, shares(values, 25.0), 0.02).mean(Z)
    assert (moved.low - plain.low, moved.high - plain.high) == pytest.approx((0.02, 0.02))
    far = Parts(values, np.eye(2) * 0.01, shares(values, 25.0), 0.9).mean(Z)
    assert far.low == far.value and far.high == 1.0


def test_a_class_without_any_variance_is_borne():
    found = Parts(np.array([1.0, 0.5]), np.diag([0.0, 0.01]), shares(np.array([1.0, 0.5]), 20.0)).mean(Z)
    assert found.low < 0.75 < found.high
