"""Spent alpha: against published constants, the multivariate normal distribution, and simulation."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from tunebook.core.errors import PlanError
from tunebook.stats.sequential import crossing, remaining, spent, together

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
