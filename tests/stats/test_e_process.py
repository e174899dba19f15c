"""E-processes against integrals, sums over all bets and exact fractions, and simulated false alarms at every look."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import beta

from tunebook.core.errors import DataError
from tunebook.stats.e_process import BETS, log_e, log_mcnemar, log_path, log_wealths, two_arms

SEED = 20261201


def error_of(rate, draws):
    """Three standard errors of a simulated share."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (0, 1), (7, 3), (3, 7), (40, 12), (12, 40)])
def test_mcnemar_is_the_mixture_over_all_larger_chances(won, lost):
    """A stepwise gambler would have the integral of 2 (2q)^s (2(1-q))^f over q from 1/2 to 1."""
    mixed, _ = integrate.quad(lambda q: 2 * (2 * q) ** won * (2 * (1 - q)) ** lost, 0.5, 1)
    assert float(log_mcnemar(won, lost)) == pytest.approx(math.log(mixed), abs=1e-10)


def test_mcnemar_of_arrays_agrees_with_scipys_beta():
    won, lost = np.array([0, 5, 90, 300]), np.array([3, 5, 60, 340])
    tail = beta.logsf(0.5, 1 + won, 1 + lost)
    both = won + lost
    expected = [
        math.log(2) + math.lgamma(1 + s) + math.lgamma(1 + f) - math.lgamma(2 + s + f) + t + n * math.log(2)
        for s, f, t, n in zip(won, lost, tail, both, strict=True)
    ]
    assert log_mcnemar(won, lost) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("won", "lost"), [(0, 3000), (10, 2000), (900, 2500), (2500, 900)])
def test_mcnemar_of_many_rows_against_exact_whole_numbers(won, lost):
    """Where the probability is far below what a float holds: sums of whole binomial coefficients."""
    n = won + lost + 1
    tail = sum(math.comb(n, k) for k in range(won + 1))
    mixed = Fraction(2 * tail, n * 2 * math.comb(n - 1, won))  # 2 B(1+s, 1+f) P 2^(s+f), of which 2^n cancels
    expected = math.log(mixed.numerator) - math.log(mixed.denominator)
    assert float(log_mcnemar(won, lost)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_is_finite_for_a_billion_rows():
    found = log_mcnemar([499_900_000, 500_100_000, 400_000_000], [500_100_000, 499_900_000, 600_000_000])
    assert np.isfinite(found).all()
    assert found[0] < 0 < found[1]


@pytest.mark.parametrize("counts", [(-1, 2), (1.5, 2), (math.nan, 1), (1, math.inf)])
def test_what_is_no_count(counts):
    with pytest.raises(DataError) as caught:
        log_mcnemar(*counts)
    assert caught.value.code == "stats.counts"


def test_mcnemar_under_continuous_looking_errs_less_than_alpha():
    rng, draws, steps = np.random.default_rng(SEED), 1500, 600
    right = rng.random((draws, steps)) < 0.5
    won = np.cumsum(right, axis=1)
    found = log_mcnemar(won, np.arange(1, steps + 1) - won)
    assert (found.max(axis=1) >= math.log(20)).mean() <= 0.05 + error_of(0.05, draws)
    shares = won / np.arange(1, steps + 1)
    z = (shares - 0.5) * 2 * np.sqrt(np.arange(1, steps + 1))
    assert (z[:, 20:].max(axis=1) > 1.645).mean() > 0.15  # why a test for one look must not be looked at again


def brute(values, lowest, null):
    """One gambler after the other, one bet after the other."""
    total = 0.0
    for bet in BETS:
        wealth = 1.0
        for x, low, m in zip(values, lowest, null, strict=True):
            wealth *= 1 + bet / (m - low) * (x - m)
        total += wealth
    return math.log(total / len(BETS))


def test_bets_against_one_gambler_after_the_other():
    rng = np.random.default_rng(1)
    values, lowest, null = rng.random(40), -rng.random(40), rng.random(40)
    assert log_e(log_wealths(values, lowest, null)) == pytest.approx(brute(values, lowest, null))
    assert log_path(values, lowest, null)[-1] == pytest.approx(brute(values, lowest, null))
    assert log_path(values, lowest, null)[9] == pytest.approx(brute(values[:10], lowest[:10], null[:10]))


def test_stages_multiply():
    rng = np.random.default_rng(2)
    values = rng.random(50)
    parts = log_wealths(values[:20], 0, 0.4) + log_wealths(values[20:], 0, 0.4)
    assert log_e(parts) == pytest.approx(log_e(log_wealths(values, 0, 0.4)))
    assert log_e(log_wealths([], 0, 0.4)) == 0
    assert log_e(log_wealths(0.4, 0, 0.4)) == 0


@pytest.mark.parametrize(("values", "lowest", "null"), [([-0.1], 0, 0.5), ([0.5], 0, 0), ([math.nan], 0, 0.5)])
def test_values_below_what_was_possible(values, lowest, null):
    with pytest.raises(DataError) as caught:
        log_wealths(values, lowest, null)
    assert caught.value.code == "stats.bounds"


def test_a_share_above_its_bound_is_found_and_one_at_it_is_not():
    rng, draws, steps = np.random.default_rng(SEED), 300, 1000
    fair = [log_path(rng.random(steps) < 0.02, 0.0, 0.02).max() for _ in range(draws)]
    assert np.mean(np.array(fair) >= math.log(20)) <= 0.05 + error_of(0.05, draws)
    worse = [log_path(rng.random(steps) < 0.06, 0.0, 0.02).max() for _ in range(100)]
    assert np.mean(np.array(worse) >= math.log(20)) > 0.95


def test_two_arms_have_the_difference_as_their_mean_whoever_is_drawn():
    """Over both draws of the last unit, weighed by their chances, given what came before; and no value is lower."""
    rng = np.random.default_rng(4)
    y, z = rng.random(30), rng.random(30) < 0.3
    for share in (0.05, 0.3, 0.9):
        means = []
        for last in (0.0, 0.4, 1.0):
            values = []
            for drawn in (0.0, 1.0):
                x, lowest = two_arms([*y, last], [*z, drawn], share)
                assert (x >= lowest).all()
                values.append(x[-1])
            means.append((1 - share) * values[0] + share * values[1])
        assert means == pytest.approx([0, 0, 0], abs=1e-12)
        extremes = [two_arms([*y, one], [*z, drawn], share)[0][-1] for one in (0.0, 1.0) for drawn in (0.0, 1.0)]
        assert two_arms([*y, 0.5], [*z, 0], share)[1][-1] == pytest.approx(min(extremes))


def test_two_arms_see_a_difference():
    rng = np.random.default_rng(5)
    z = rng.random(60_000) < 0.2
    y = rng.random(60_000) < np.where(z, 0.55, 0.5)
    x, _ = two_arms(y, z, np.full(60_000, 0.2))
    assert x.mean() == pytest.approx(0.05, abs=3 * x.std() / math.sqrt(len(x)))
    plain = y * (z / 0.2 - ~z / 0.8)
    assert x.std() < 0.75 * plain.std()  # what the centre is for


def test_two_arms_look_at_nothing_that_came_later():
    y, z = np.array([1.0, 0, 1, 1]), np.array([1, 0, 0, 1])
    whole, low = two_arms(y, z, 0.4)
    for n in range(1, 4):
        part, of_part = two_arms(y[:n], z[:n], 0.4)
        assert part == pytest.approx(whole[:n])
        assert of_part == pytest.approx(low[:n])


@pytest.mark.parametrize(("values", "share"), [([1.5], 0.5), ([0.5], 0.0), ([0.5], 1.0), ([math.nan], 0.5)])
def test_two_arms_refuse_what_lies_outside(values, share):
    with pytest.raises(DataError) as caught:
        two_arms(values, [1], share)
    assert caught.value.code == "stats.bounds"


def test_two_equal_arms_under_continuous_looking():
    rng, draws, steps = np.random.default_rng(SEED), 400, 1000
    alarms = 0
    for _ in range(draws):
        z = rng.random(steps) < 0.05
        x, lowest = two_arms(rng.random(steps) < 0.2, z, 0.05)
        alarms += log_path(x, lowest, 0.0).max() >= math.log(20)
    assert alarms / draws <= 0.05 + error_of(0.05, draws)
