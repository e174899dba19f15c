"""Degrees of freedom: against adaptive quadrature, the definition of the weight, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from tunebook.core.errors import DataError
from tunebook.stats.degrees_of_freedom import Seen, Sizes, above, seed_weight
from tunebook.stats.gate import MeanSquares, check_groups, of_groups


def error_by_quadrature(k, alpha, share, weight, gain=0.0):
    """The same probability with SciPy's laws and its adaptive quadrature."""

    def at(seen):
        of_seeds = share * seen
        df = (weight * of_seeds + 1 - share) ** 2 / ((weight * of_seeds) ** 2 / (k - 1))
        half = stats.t.ppf(1 - alpha, max(df, k - 1)) * (of_seeds + 1 - share) ** 0.5
        return stats.norm.cdf(gain - half) * stats.chi2.pdf(seen * (k - 1), k - 1) * (k - 1)

    return sum(integrate.quad(at, low, high, epsabs=1e-11)[0] for low, high in ((0, 0.01), (0.01, 1), (1, 60)))


@pytest.mark.parametrize("k", [3, 5, 10])
@pytest.mark.parametrize(
    ("alpha", "share", "weight", "gain"), [(0.05, 0.3, 1, 0), (0.0226, 0.9, 3, 0), (0.05, 0.6, 2, 3)]
)
def test_it_is_the_integral(k, alpha, share, weight, gain):
    expected = error_by_quadrature(k, alpha, share, weight, gain)
    assert above(k, alpha, share, weight, gain) == pytest.approx(expected, abs=1e-8)


def test_of_seeds_alone_it_is_students_t_and_of_rows_alone_the_normal_law():
    for k in (2, 3, 30):
        assert above(k, 0.03, [1.0, 0.0], 1.5) == pytest.approx(0.03, abs=1e-8)
        assert above(k, 0.03, 1.0, 1.0, gain=2.0) == pytest.approx(
            stats.nct.sf(stats.t.ppf(0.97, k - 1), k - 1, 2.0), abs=1e-7
        )


@pytest.mark.parametrize("k", [2, 3, 5, 10, 100])
def test_the_places_stand_for_the_law(k):
    seen = Seen.by(k)
    assert seen.weights.sum() == pytest.approx(1)
    assert seen.weights @ seen.shares == pytest.approx(1)
    assert seen.weights @ (seen.shares - 1) ** 2 == pytest.approx(2 / (k - 1))


@pytest.mark.parametrize("alpha", [0.0226, 0.05, 0.1])
@pytest.mark.parametrize("k", [2, 3, 5, 10, 40])
def test_the_weight_is_the_least_that_holds_alpha(k, alpha):
    shares = np.linspace(0, 1, 301)
    weight = seed_weight(k, alpha)
    assert above(k, alpha, shares, weight).max() < alpha * 1.0005
    assert above(k, alpha, 1 - np.geomspace(1e-6, 1, 200), 0.9 * weight + 0.1 * 0.9).max() > alpha * 1.00005


def test_a_weight_is_never_below_one_and_grows_as_seeds_and_alpha_fall():
    assert seed_weight(5, 0.45) == 1.0
    by_seeds = [seed_weight(k, 0.05) for k in (3, 5, 10, 100)]
    assert by_seeds == sorted(by_seeds, reverse=True) and by_seeds == pytest.approx([2.95, 1.74, 1.27, 1.0], abs=0.01)
    assert seed_weight(3, 1e-4) > seed_weight(3, 0.0226) > seed_weight(3, 0.05)


@pytest.mark.parametrize(("k", "share"), [(3, 0.7), (3, 0.95), (5, 0.8)])
def test_the_gate_keeps_alpha_by_simulation(k, share):
    """Normal layouts without a gain; Satterthwaite's own degrees of freedom err more, and are seen to."""
    draws, n, rng = 200_000, 1000, np.random.default_rng(k)
    seeds = share * rng.chisquare(k - 1, draws) / (k - 1)
    rows = (1 - share) * rng.chisquare(n - 1, draws) / (n - 1)
    squares = MeanSquares(seeds, rows, np.zeros(draws), k, n)
    mean = rng.standard_normal(draws) / (k * n) ** 0.5
    error = (0.05 * 0.95 / draws) ** 0.5
    assert (mean > squares.half_width(0.05)).mean() < 0.05 + 3 * error
    df = np.maximum((seeds + rows) ** 2 / (seeds**2 / (k - 1) + rows**2 / (n - 1)), k - 1)
    plain = stats.t.ppf(0.95, df) * ((seeds + rows) / (k * n)) ** 0.5
    assert (mean > plain).mean() > 0.05 + 4 * error


def test_effective_groups() -> None:
    assert Sizes.of(np.repeat([4, 9, 2], 5)).effective == 3.0
    assert Sizes(np.array([200] + [8] * 9)).effective == pytest.approx(272**2 / (200**2 + 9 * 64))


def test_the_spread_is_that_of_the_matrices() -> None:
    n = np.array([40.0, 3, 17, 9, 9])
    apart = np.eye(5) - np.outer(n / n.sum(), np.ones(5))
    seen = apart @ np.diag(n**1.4) @ apart.T
    factor, freedom = Sizes(n).spread()
    assert factor == pytest.approx((n**1.4).sum() / np.trace(seen) * 4 / 5)
    assert freedom == pytest.approx(np.trace(seen) ** 2 / np.trace(seen @ seen))


def test_the_mean_square_is_right_on_average_where_sums_vary_so() -> None:
    """The variance of the mean of all rows, of sums drawn with the variance that is assumed."""
    n = np.array([40, 3, 17, 9, 9])
    drawn = np.random.default_rng(0).standard_normal((40_000, 1, 5)) * n**0.7
    rows = np.repeat(drawn / n, n, axis=-1)  # each row is its group's mean
    values = of_groups(rows, np.repeat(np.arange(5), n))
    found = values.var(-1, ddof=1).mean() / 5 * Sizes(n).spread()[0]
    assert found == pytest.approx(drawn.sum(-1).var() / n.sum() ** 2, rel=0.03)


def test_groups_of_one_size_are_rows() -> None:
    assert Sizes(np.full(7, 12)).spread() == (1.0, None)
    values, groups = np.random.default_rng(0).normal(size=(3, 84)), np.repeat(np.arange(7), 12)
    assert MeanSquares.of_groups(values, groups) == MeanSquares.of(of_groups(values, groups))


@pytest.mark.parametrize("rows", [[30], [20, 20], [200, *[8] * 9]])
def test_too_few_are_refused(rows: list[int]) -> None:
    with pytest.raises(DataError) as caught:
        check_groups(Sizes(np.array(rows)), "user")
    assert (caught.value.code, caught.value.key) == ("stats.few_groups", "user")
    check_groups(Sizes(np.array([20, 20, 20])))


@pytest.mark.parametrize("rows", [[200, *[8] * 24], [100, *[20] * 6], [60] * 3 + [5] * 6])
def test_a_dominating_group_keeps_alpha(rows: list[int]) -> None:
    """Groups all of whose rows are alike, 5 seeds: either end at 5 %, which erred in 9 to 22 % before."""
    n, draws = np.array(rows), 4000
    codes, rng = np.repeat(np.arange(len(n)), n), np.random.default_rng(1)
    common = (rng.standard_normal((draws, 1, len(n))) + 0.5 * rng.standard_normal((draws, 5, len(n))))[..., codes]
    mean = common.mean((-2, -1))
    before = MeanSquares.of(of_groups(common, codes)).half_width(0.05)
    now = MeanSquares.of_groups(common, codes).half_width(0.05)
    assert (np.abs(mean) > now).mean() / 2 < 0.07 < 0.08 < (np.abs(mean) > before).mean() / 2
