"""Means over rows and raters: the variance component against a balanced table, and how often intervals hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunebook.stats.bootstrap import bootstrap_interval
from tunebook.stats.raters import Crossed, Spread, crossed_mean, spread_of


def balanced(values):
    """Rows and raters of a full table (R, J), flattened."""
    rows, raters = np.indices(values.shape)
    return values.ravel(), rows.ravel(), raters.ravel()


def test_a_full_table_gives_the_components_of_the_two_way_layout():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(40, 5)) + 2 * rng.normal(size=(40, 1)) + rng.normal(size=5)
    values, rows, raters = balanced(table)
    found = spread_of(values, Crossed.of(rows, raters))
    rest = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    noise = (rest**2).sum() / (39 * 4)
    between = 40 * table.mean(0).var(ddof=1)
    assert found.raters == pytest.approx((between - noise) / 40 / 5)
    assert found.rows == pytest.approx(table.mean(1).var(ddof=1) / 40)
    assert (found.row_freedom, found.rater_freedom) == (39, 4)


def test_each_row_counts_once_whoever_saw_it():
    found = crossed_mean(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]))
    assert found.value == pytest.approx(0.5)


def test_one_rater_tells_nothing_of_others_and_one_row_nothing_of_rows():
    values = np.array([1.0, 0.0, 1.0])
    assert spread_of(values, Crossed.of(np.arange(3), np.zeros(3))).raters == 0.0
    assert spread_of(values, Crossed.of(np.zeros(3), np.arange(3))).raters == 0.0
    assert spread_of(np.ones(3), Crossed.of(np.arange(3), np.zeros(3))).half(0.95) == 0.0


def test_an_interval_does_not_vanish_where_all_say_the_same():
    found = crossed_mean(np.ones(10), np.arange(10), np.zeros(10), centre=0.0)
    assert found.value == 1.0 and found.high >= 1.0 and 0.3 < found.low < 0.9
    with pytest.raises(ValueError, match="no ratings"):
        crossed_mean(np.zeros(0), np.zeros(0), np.zeros(0))


def test_of_one_rater_it_is_the_interval_of_the_bootstrap():
    values = np.random.default_rng(5).choice([1.0, 0.0, -1.0], 300, p=[0.5, 0.2, 0.3])
    found, drawn = crossed_mean(values, np.arange(300), np.zeros(300)), bootstrap_interval(values, 300, seed=1)
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.01)


def coverage(raters, spread, seed, studies=300, rows=60, overlap=0.3):
    """In how many simulated studies of preferences the interval holds the true value."""
    rng = np.random.default_rng(seed)
    common = int(rows * overlap)
    place = np.array([(row, who) for row in range(rows) for who in (range(raters) if row < common else [row % raters])])
    draws = rng.normal(size=(3, 200_000))
    latent = 0.5 + 0.7 * draws[0] + spread * draws[1] + draws[2]
    true = float(np.mean(np.sign(latent) * (np.abs(latent) > 0.5)))
    held = 0
    for _ in range(studies):
        hard, strict = 0.7 * rng.normal(size=rows), spread * rng.normal(size=raters)
        latent = 0.5 + hard[place[:, 0]] + strict[place[:, 1]] + rng.normal(size=len(place))
        values = np.sign(latent) * (np.abs(latent) > 0.5)
        found = crossed_mean(values, place[:, 0], place[:, 1], centre=0.0)
        held += found.low <= true <= found.high
    return held / studies


@pytest.mark.parametrize(
    ("raters", "spread", "least"), [(2, 0.0, 0.93), (6, 0.0, 0.93), (6, 0.4, 0.92), (3, 0.4, 0.9), (2, 0.4, 0.84)]
)
def test_simulated_raters_are_covered(raters, spread, least):
    """Two raters who differ are told as too few (`rate.note.few_raters`); six are enough."""
    assert coverage(raters, spread, seed=raters) >= least


def test_rows_and_raters_are_each_told_by_their_own_t():
    """Parts of 4 and 9 with 10 and 1 degrees of freedom: 2.228 and 12.706 are Student's 97.5 % quantiles."""
    assert Spread(4.0, 9.0, 10, 1).half(0.95) == pytest.approx(math.hypot(2 * 2.228139, 3 * 12.706205), rel=1e-6)
    assert Spread(4.0, 0.0, 10, 1).half(0.95) == pytest.approx(2 * 2.228139, rel=1e-6), "who agrees adds nothing"


def test_raters_who_differ_widen_the_interval():
    rows, raters = np.repeat(np.arange(30), 4), np.tile(np.arange(4), 30)
    alike, apart = np.repeat(np.resize([1.0, -1.0], 30), 4), np.tile([1.0, 1.0, -1.0, -1.0], 30)
    wide, narrow = (crossed_mean(values, rows, raters) for values in (apart, alike))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.parametrize(
    ("size", "alike", "least"), [(1, True, 0.92), (5, True, 0.92), (10, True, 0.92), (5, False, 0.92)]
)
def test_rows_that_were_drawn_together_count_as_what_they_are(size, alike, least):
    """Groups whose rows are all alike, or not at all; three raters who agree. By rows 95 % are 50 % for the former."""
    rng, studies, groups, held, wide = np.random.default_rng(7), 200, 20, 0, []
    for _ in range(studies):
        won = rng.random((groups, 1 if alike else size)) < 0.6
        each = np.where(np.broadcast_to(won, (groups, size)), 1, -1).ravel()
        rows, raters = np.repeat(np.arange(len(each)), 3), np.tile(np.arange(3), len(each))
        found = crossed_mean(np.repeat(each, 3), rows, raters, groups=rows // size, centre=0.0)
        held += found.low <= 0.2 <= found.high
        wide.append(found.high - found.low)
    assert held / studies >= least
    assert np.mean(wide) < (0.95 if alike else 0.5)


def test_groups_of_one_change_nothing_and_equal_groups_are_their_means():
    rng = np.random.default_rng(3)
    values, rows, raters = balanced(rng.choice([1.0, 0.0, -1.0], (40, 3)))
    plain = crossed_mean(values, rows, raters, centre=0.0)
    assert crossed_mean(values, rows, raters, groups=rows + 5, centre=0.0) == plain
    one, single = values[raters == 0], np.zeros(40)
    grouped = crossed_mean(one, np.arange(40), single, groups=np.arange(40) // 4)
    means = crossed_mean(one.reshape(10, 4).mean(1), np.arange(10), np.zeros(10))
    assert (grouped.low, grouped.high) == pytest.approx((means.low, means.high))
