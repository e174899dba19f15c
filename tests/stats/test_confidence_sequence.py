"""Confidence sequences: the same ends as a search over all means, and the true mean inside at every look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunebook.core.errors import DataError, PlanError
from tunebook.stats.confidence_sequence import difference_bounds, mean_bounds
from tunebook.stats.e_process import BETS, log_path, two_arms

SEED = 20261201


def wealth(values, null):
    """What all bets make of 1 against a mean of at most `null`, for values from 0."""
    return np.mean([np.prod(1 + bet * (values - null) / null) for bet in BETS])


@pytest.mark.parametrize("seed", range(3))
def test_the_ends_are_the_means_that_no_bet_has_refuted(seed):
    values = np.random.default_rng(seed).beta(4, 2, size=80)
    means = np.arange(0.001, 1, 0.001)
    kept = [m for m in means if wealth(values, m) < 40 and wealth(1 - values, 1 - m) < 40]
    low, high = mean_bounds(values, 0.05)
    assert (low, high) == pytest.approx((kept[0], kept[-1]), abs=0.0011)
    assert low < values.mean() < high


def test_without_values_everything_is_possible():
    assert mean_bounds([]) == (0, 1)
    assert difference_bounds([], [], 0.5) == (-1, 1)


def test_more_values_bring_the_ends_together():
    rng = np.random.default_rng(0)
    widths = [np.diff(mean_bounds(rng.random(n)))[0] for n in (100, 1000, 10_000)]
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.03


def test_ends_at_the_bounds():
    low, high = mean_bounds(np.ones(500))
    assert 0.97 < low < 1
    assert high == 1
    drawn, shares = [0] * 200 + [1] * 6, [0.99] * 200 + [0.001] * 6  # against all odds B was drawn, and right each time
    assert difference_bounds(drawn, drawn, shares, 0.45)[0] == 1


def test_a_difference_and_its_mirror():
    rng = np.random.default_rng(6)
    z = rng.random(4000) < 0.25
    y = np.where(z, rng.beta(6, 4, 4000), rng.beta(5, 5, 4000))
    low, high = difference_bounds(y, z, 0.25)
    assert low < 0.1 < high
    assert low > 0
    mirrored = difference_bounds(1 - y, z, 0.25)
    assert mirrored == pytest.approx((-high, -low))


def test_the_difference_is_inside_at_every_look():
    """The true difference is never refuted from either side, in all but 5 % of all runs."""
    rng, draws, steps, misses = np.random.default_rng(SEED), 250, 800, 0
    for _ in range(draws):
        z = rng.random(steps) < 0.3
        y = rng.random(steps) < np.where(z, 0.4, 0.3)
        sides = [two_arms(y, z, 0.3), two_arms(1.0 - y, z, 0.3)]
        seen = [log_path(x, low, null).max() for (x, low), null in zip(sides, (0.1, -0.1), strict=True)]
        misses += max(seen) >= math.log(40)
    assert misses / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def test_what_is_refused():
    with pytest.raises(PlanError):
        mean_bounds([0.5], alpha=0.7)
    with pytest.raises(DataError):
        mean_bounds([1.2])
    with pytest.raises(DataError):
        difference_bounds([0.5], [1], 1.0)
