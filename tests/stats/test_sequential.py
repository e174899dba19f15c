"""Spent alpha: against published constants, the multivariate normal distribution, and simulation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from tunebook.core.errors import PlanError
from tunebook.stats.gate import Effect, MeanSquares
from tunebook.stats.sequential import chance_left, crossing, family_error, remaining, spent, together

# Pocock's constants for two-sided alpha (Jennison and Turnbull, 2000, table 2.1). A one-sided test of half of it has
# the same bound, but for paths that cross on both sides; they are rarer than the last digit.
PUBLISHED = {0.01: {2: 2.772, 3: 2.873, 5: 2.986}, 0.05: {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 10: 2.555}}


@pytest.mark.parametrize(
    ("alpha", "looks", "bound"), [(a, k, c) for a, row in PUBLISHED.items() for k, c in row.items()]
)
def test_bounds_are_pococks(alpha, looks, bound):
    assert -ndtri(spent(alpha / 2, looks)) == pytest.approx(bound, abs=0.002)


@pytest.mark.parametrize("fractions", [(1.0, 2.0), (3.0, 5.0, 10.0), (1.0, 2.0, 3.0, 4.0)])
def test_crossing_is_that_of_the_multivariate_normal(fractions):
    times = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    law = stats.multivariate_normal(np.zeros(len(times)), correlation, abseps=1e-6, releps=1e-6, maxpts=400_000)
    assert crossing(1.9, fractions) == pytest.approx(1 - law.cdf(np.full(len(times), 1.9)), abs=2e-5)


def test_one_look_spends_everything_and_more_looks_less_each():
    each = [spent(0.05, looks) for looks in range(1, 6)]
    assert each[0] == 0.05
    assert all(early > late > 0.01 for early, late in pairwise(each))
    assert spent(0.05, 3) > 0.05 / 3


def test_looks_that_are_alike_cost_less():
    apart, alike = spent(0.05, 2, (1, 10)), spent(0.05, 2, (9, 10))
    assert 0.025 < apart < alike < 0.05
    assert spent(0.05, 3, (3, 5, 10)) == spent(0.05, 3, (6, 10, 20))
    assert spent(0.05, 3, (1, 2, 3)) == spent(0.05, 3)


def test_all_looks_together_keep_alpha():
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(200_000, 10)).cumsum(1)[:, [2, 4, 9]] / np.sqrt([3, 5, 10])
    level = spent(0.05, 3, (3, 5, 10))
    crossed = (ndtr(-walk) < level).any(1).mean()
    assert crossed == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 200_000) ** 0.5)


@pytest.mark.parametrize(
    ("looks", "fractions"),
    [(0, None), (2, (3, 5, 10)), (3, (3, 3, 10)), (2, (5, 3)), (1, (0,)), (2, (-1, 2)), (1, (float("nan"),))],
)
def test_looks_that_do_not_rise_are_refused(looks, fractions):
    with pytest.raises(PlanError) as caught:
        spent(0.05, looks, fractions)
    assert caught.value.code == "stats.looks"


def test_an_error_that_is_none_is_refused():
    with pytest.raises(PlanError, match=r"stats\.alpha"):
        spent(1.5, 3)


def test_without_a_past_the_looks_are_pococks():
    assert remaining(0.05, (3, 5, 10), {}) == spent(0.05, 3, (3, 5, 10))
    assert remaining(0.05, (5,), {}) == 0.05


def test_going_on_costs_nothing_where_it_was_paid_for():
    each = spent(0.05, 3, (3, 5, 10))
    assert remaining(0.05, (3, 5, 10), {3: each}) == pytest.approx(each, rel=1e-4)
    assert remaining(0.05, (3, 5, 10), {3: each, 5: each}) == pytest.approx(each, rel=1e-4)


@pytest.mark.parametrize(
    ("places", "past"), [((7,), {3: 0.0226, 5: 0.0226}), ((5, 10), {3: 0.04}), ((3, 5, 10), {4: 0.02, 12: 0.01})]
)
def test_unequal_looks_keep_alpha_together(places, past):
    """The multivariate normal law of all looks, each at the larger of its errors."""
    each = remaining(0.05, places, past)
    every = np.array(sorted({*places, *past}), dtype=float)
    errors = [max(past.get(int(place), 0.0), each if place in places else 0.0) for place in every]
    correlation = np.sqrt(np.minimum.outer(every, every) / np.maximum.outer(every, every))
    law = stats.multivariate_normal(np.zeros(len(every)), correlation, abseps=1e-6, releps=1e-6, maxpts=400_000)
    assert 1 - law.cdf(-ndtri(errors)) == pytest.approx(0.05, abs=3e-5)
    assert together(dict(zip(map(int, every), errors, strict=True))) == pytest.approx(0.05, abs=1e-6)


def test_the_same_place_counts_once():
    assert remaining(0.05, (5,), {5: 0.05}) == pytest.approx(0.05)
    assert remaining(0.05, (5,), {5: 0.01}) == pytest.approx(0.05)
    assert together({5: 0.03}) == pytest.approx(0.03)


def test_where_all_is_spent_nothing_is_left():
    assert remaining(0.05, (5, 10), {5: 0.05}) == 0
    assert remaining(0.05, (3,), {5: 0.3}) == 0
    assert 0 < remaining(0.05, (10,), {5: 0.049}) < 0.01
    with pytest.raises(PlanError, match=r"stats\.alpha"):
        remaining(0.7, (3,), {3: 0.1})


@pytest.mark.parametrize(("tables", "alpha"), [(1, 0.05), (2, 0.05), (5, 0.0226), (8, 0.1)])
def test_one_proof_is_that_of_the_multivariate_normal(tables, alpha):
    covariance = np.full((tables, tables), 0.5) + 0.5 * np.eye(tables)
    law = stats.multivariate_normal(np.zeros(tables), covariance, abseps=1e-6, releps=1e-6, maxpts=400_000)
    assert family_error(tables, alpha) == pytest.approx(1 - law.cdf(np.full(tables, -ndtri(alpha))), abs=5e-5)


def test_two_proofs_are_those_of_a_simulation():
    rng, draws = np.random.default_rng(0), 200_000
    passed = np.ones((draws, 20), dtype=bool)
    for _ in range(2):
        gains = rng.standard_normal((draws, 20), dtype=np.float32) - rng.standard_normal((draws, 1), dtype=np.float32)
        passed &= gains / np.sqrt(2) > -ndtri(0.05)
    seen = passed.any(1).mean()
    assert family_error(20, 0.05, proofs=2) == pytest.approx(seen, abs=4 * np.sqrt(seen * (1 - seen) / draws))


def test_ends():
    assert family_error(0, 0.05) == pytest.approx(0) and family_error(0, 0.05, proofs=2) == pytest.approx(0)
    assert family_error(1, 0.05, proofs=2) == pytest.approx(0.05**2)
    assert 0.3 < family_error(20, 0.05) < 1 - 0.95**20
    with pytest.raises(PlanError):
        family_error(3, 0.7)


def effect(mean: Any, se: Any, seed_sd: Any, seeds: int) -> Effect:
    return Effect(mean, 0.0, 0.0, se, 2.0, seeds, 400, seed_sd)


@pytest.mark.parametrize(
    ("mean", "se", "seed_sd", "seeds", "end", "least"),
    [(0.012, 0.008, 0.01, 3, 10, 0.02), (0.004, 0.006, 0.008, 5, 10, 0.0), (0.018, 0.012, 0.015, 3, 5, 0.02)],
)
def test_it_is_the_share_of_futures_that_promote(
    mean: float, se: float, seed_sd: float, seeds: int, end: int, least: float
) -> None:
    """Seeds to come around the generous guess, all with a spread that k seeds make likely."""
    draw, alpha = np.random.default_rng(0), 0.0226
    spread = seed_sd * np.sqrt((seeds - 1) / draw.chisquare(seeds - 1, 200_000))
    guess = max(least, mean + seed_sd / np.sqrt(seeds))
    coming = guess + spread * draw.standard_normal(200_000) / np.sqrt(end - seeds)
    final = (seeds * mean + (end - seeds) * coming) / end
    error = np.sqrt(se**2 - seed_sd**2 / seeds + seed_sd**2 / end)
    share = ((final >= least) & (final > stats.norm.isf(alpha) * error)).mean()
    assert chance_left(effect(mean, se, seed_sd, seeds), end, alpha, least) == pytest.approx(share, abs=0.005)


def test_a_good_start_has_every_chance_and_a_bad_one_none() -> None:
    assert chance_left(effect(0.05, 0.008, 0.01, 3), 10, 0.02, 0.02) > 0.95
    assert chance_left(effect(-0.02, 0.008, 0.01, 3), 10, 0.02, 0.02) < 0.05
    assert chance_left(effect(0.01, 0.005, 0.0, 3), 10, 0.02, 0.02) == 0, "seeds that do not vary will not change it"
    assert chance_left(effect(0.03, 0.005, 0.0, 3), 10, 0.02, 0.02) == 1
    many = chance_left(effect(np.array([-0.02, 0.05]), 0.008, 0.01, 3), 10, 0.02, 0.02)
    assert many.shape == (2,) and many[0] < many[1]


def test_ending_for_want_of_chance_costs_little_power_and_saves_seeds() -> None:
    """Tests with looks at 3, 5 and 10 seeds and 400 rows, of equal tables and of one that gains four points."""
    draw, tests, looks = np.random.default_rng(0), 600, (3, 5, 10)
    level = spent(0.05, 3, (3.0, 5.0, 10.0))
    rows = draw.normal(0, 0.16, (tests, 1, 400)) + draw.normal(0, 0.25, (tests, 10, 400))
    rows += draw.normal(0, 0.007, (tests, 10, 1))
    for gain, most_lost in ((0.0, 0.0), (0.04, 0.02)):
        promoted, used = {}, {}
        for futile in (False, True):
            going, wins = np.ones(tests, bool), np.zeros(tests, bool)
            used[futile] = 0
            for look in looks:
                used[futile] += going.sum() * (look - {3: 0, 5: 3, 10: 5}[look])
                seen, mean = MeanSquares.of(rows[:, :look]), rows[:, :look].mean((1, 2)) + gain
                half, (se, _) = seen.half_width(level), seen.error(level)
                win = (mean - half > 0) & (mean >= 0.02)
                wins |= going & win
                going &= ~win & (mean + half >= 0.02)
                if futile and look < 10:
                    going &= chance_left(effect(mean, se, np.sqrt(seen.seeds / 400), look), 10, level, 0.02) >= 0.05
            promoted[futile] = wins.mean()
        assert promoted[True] <= promoted[False] <= promoted[True] + most_lost + 0.002
        assert used[True] < used[False] if gain == 0 else used[True] <= used[False]
        if gain == 0:
            assert used[True] < 0.9 * used[False] and promoted[False] < 0.05
