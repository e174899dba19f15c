"""McNemar against statsmodels, P(B > A) against SciPy, almost stochastic order against its integral."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.contingency_tables import mcnemar as oracle

from tunebook.core.errors import DataError, PlanError
from tunebook.stats.paired import aso, exact_p, flips, mcnemar, p_better, seed_sd, violation


@pytest.mark.parametrize(("n", "shift"), [(30, 0.0), (400, 0.03), (2000, 0.05), (50, -0.3)])
def test_mcnemar_agrees_with_statsmodels(n, shift):
    rng = np.random.default_rng(n)
    a, b = rng.random(n) < 0.8, rng.random(n) < 0.8 + shift
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    found = mcnemar(a, b)
    assert found.p == pytest.approx(oracle(table, exact=True).pvalue)
    assert (found.lost, found.won) == (table[0][1], table[1][0])


def test_runs_that_agree_differ_by_chance():
    same = np.array([True, False, True])
    assert mcnemar(same, same).p == 1
    assert mcnemar([], []) == mcnemar([True], [True])


def test_p_values_of_many_flips_are_those_of_each():
    won, lost = np.array([0, 3, 10, 7]), np.array([0, 9, 10, 0])
    expected = [
        stats.binomtest(int(w), int(w + n), 0.5).pvalue if w + n else 1.0 for w, n in zip(won, lost, strict=True)
    ]
    assert exact_p(won, lost) == pytest.approx(expected)


def test_flips_are_counted_over_all_seeds():
    a = np.array([[True, True, False], [False, False, False]])
    b = np.array([[True, False, True], [True, True, False]])
    assert flips(a, b) == (3, 1)
    assert flips(b, a) == (1, 3)
    assert flips([[0.2, 0.5]], [[0.3, 0.5]]) == (1, 0)


def test_p_better_is_the_share_of_mann_whitney():
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=7), rng.integers(6, size=4)
    assert p_better(a, b) == pytest.approx(stats.mannwhitneyu(b, a).statistic / 28)
    assert p_better([1, 2], [3, 4]) == 1
    assert p_better([1, 2], [1, 2]) == 0.5


def test_seed_sd():
    assert seed_sd([0.8, 0.82, 0.9]) == pytest.approx(np.std([0.8, 0.82, 0.9], ddof=1))


def test_violation_is_the_share_of_the_squared_distance_between_quantile_functions():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=5), rng.normal(size=5) + 0.3

    def apart(t):
        return np.quantile(b, t, method="inverted_cdf") - np.quantile(a, t, method="inverted_cdf")

    edges = np.linspace(0, 1, 6)
    whole, below = (
        sum(integrate.quad(part, low, high)[0] for low, high in pairwise(edges))
        for part in (lambda t: apart(t) ** 2, lambda t: min(apart(t), 0) ** 2)
    )
    assert 0 < below < whole
    assert violation(a, b) == pytest.approx(below / whole)
    assert violation(b, a) == pytest.approx(1 - below / whole)


def test_aso_of_arms_that_are_apart_and_of_one_that_is_twice_there():
    low, high = [0.1, 0.2, 0.15, 0.12], [0.5, 0.6, 0.55, 0.52]
    assert aso(low, high) == 0
    assert aso(high, low) == 1
    assert violation(np.array(low), np.array(low)) == 0.5
    assert aso([0.3, 0.3], [0.3, 0.3]) == 0.5


def test_aso_is_an_upper_end_and_says_the_same_each_time():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=8), rng.normal(size=8) + 0.5
    assert violation(a, b) < aso(a, b) <= 1
    assert aso(a, b) == aso(a, b)
    assert aso(a, b, alpha=0.2) < aso(a, b, alpha=0.05)
    many_a, many_b = rng.normal(size=500), rng.normal(size=500) + 0.5
    assert aso(many_a, many_b) < 0.05


@pytest.mark.parametrize(
    "call",
    [
        lambda: mcnemar([True], [True, False]),
        lambda: mcnemar([[True]], [[True]]),
        lambda: mcnemar([1.0], [float("nan")]),
        lambda: flips(np.zeros((2, 3)), np.zeros((3, 2))),
        lambda: aso([1, 2], [1, 2, 3]),
        lambda: seed_sd([1, float("inf")]),
    ],
)
def test_scores_that_do_not_go_together_are_refused(call):
    with pytest.raises(DataError) as caught:
        call()
    assert caught.value.code in ("stats.shape", "stats.nan")


@pytest.mark.parametrize("call", [lambda: p_better([1], [1, 2]), lambda: seed_sd([1]), lambda: aso([1], [2])])
def test_one_seed_proves_nothing(call):
    with pytest.raises(PlanError, match=r"stats\.one_seed"):
        call()
