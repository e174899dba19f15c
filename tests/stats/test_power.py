"""What would settle a test: against the definition, one number at a time, and by simulation."""

import numpy as np
import pytest
from scipy import stats

from tunebook.core.errors import PlanError
from tunebook.stats.degrees_of_freedom import seed_weight
from tunebook.stats.gate import MeanSquares, proven, two_way
from tunebook.stats.power import MOST_ROWS, MOST_SEEDS, Needed, min_detectable, needed


def drawn(k, n, mean, seed=0, of_seeds=0.0127, of_rows=0.1):
    """Differences with exactly this mean, and seeds' means with exactly this standard deviation."""
    rng = np.random.default_rng(seed)
    values = of_rows * rng.normal(size=(1, n)) + 0.25 * rng.normal(size=(k, n))
    return values - values.mean(1, keepdims=True) + of_seeds * stats.zscore(np.arange(k), ddof=1)[:, None] + mean


def half_at(values, k, n, alpha=0.05):
    """Half of the interval at K seeds and N rows, from the variance components of `values`, written out."""
    k0, n0 = values.shape
    of_seeds, of_rows = n0 * values.mean(1).var(ddof=1), k0 * values.mean(0).var(ddof=1)
    apart = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    rest = (apart**2).sum() / ((k0 - 1) * (n0 - 1))
    seeds = rest + n * max(of_seeds - rest, 0) / n0
    over = k * max(of_rows - rest, 0) / k0
    weighed = seed_weight(k, alpha) * seeds
    df = max((weighed + over) ** 2 / (weighed**2 / (k - 1) + over**2 / (n - 1)), k - 1)
    return stats.t.ppf(1 - alpha, df) * (max(seeds + over, rest + over) / (k * n)) ** 0.5


def asked(values, delta):
    """What would settle an absolute delta."""
    return needed(values, values - delta)


@pytest.mark.parametrize(("mean", "delta"), [(0.012, 0.01), (0.008, 0.02), (-0.001, 0.01), (0.01, 0.0)])
def test_it_gives_the_first_numbers_that_decide(mean, delta):
    values = drawn(3, 400, mean, seed=4)
    effect = two_way(values)
    assert proven(effect.lower, mean - delta, effect.lower - delta, effect.upper - delta) == "INCONCLUSIVE"
    need = values.mean() if values.mean() >= delta else delta - values.mean()
    found = asked(values, delta)
    assert half_at(values, found.seeds, 400) < need
    assert found.seeds == 4 or half_at(values, found.seeds - 1, 400) >= need
    assert half_at(values, 3, found.rows) < need <= half_at(values, 3, found.rows - 1)


def test_a_test_that_is_decided_needs_no_more():
    assert asked(drawn(5, 2000, 0.08), 0.02) == Needed(5, 2000)
    assert asked(drawn(5, 2000, -0.05), 0.02) == Needed(5, 2000)


def test_what_no_number_decides_is_none():
    """Rows cannot help where the seeds differ, nor seeds where the rows do, nor either on the edge."""
    by_seeds = drawn(3, 300, 0.03, of_seeds=0.05, of_rows=0.0)
    assert asked(by_seeds, 0.02).rows is None
    assert asked(by_seeds, 0.02).seeds is not None
    by_rows = drawn(3, 300, 0.03, of_seeds=0.0, of_rows=0.9)
    assert asked(by_rows, 0.02).seeds is None
    assert asked(by_rows, 0.02).rows is not None
    assert asked(drawn(3, 300, 0.0200001) - 0.02, 0.0).seeds is None
    assert asked(np.zeros((3, 50)), 0.0) == Needed(None, None)


def test_it_looks_no_farther_than_its_reach():
    many = np.random.default_rng(0).normal(size=(MOST_SEEDS, 20))
    assert asked(many - many.mean() + 0.01, 0.0).seeds is None
    wide = np.random.default_rng(0).normal(size=(2, MOST_ROWS))
    wide -= wide.mean()
    assert asked(wide + 1e-5, 0.0).rows is None


def test_a_smaller_error_needs_more():
    values = drawn(3, 400, 0.012, seed=4)
    assert needed(values, values - 0.01, lambda seeds: 0.022).seeds > asked(values, 0.01).seeds > 3


def test_a_dearer_look_at_more_seeds_needs_more_of_them():
    values = drawn(3, 400, 0.012, seed=4)
    cheap = asked(values, 0.01).seeds
    assert needed(values, values - 0.01, lambda seeds: 0.05 if seeds < cheap else 0.04).seeds > cheap


def test_what_decides_against_a_relative_delta_is_what_was_gained_beyond_it():
    a, apart = 0.5 + drawn(3, 400, 0.0, seed=1), drawn(3, 400, 0.004, seed=2)
    beyond = apart - 0.04 * a
    found = needed(apart, beyond)
    need = -beyond.mean()
    assert half_at(beyond, found.seeds, 400) < need <= half_at(beyond, found.seeds - 1, 400)


def test_rows_come_in_groups():
    """Rows that are copies of each other tell nothing: so many groups are needed as there were rows before."""
    values = drawn(3, 60, 0.03, seed=5)
    plain, copied = asked(values, 0.02), np.repeat(values, 20, axis=1)
    found = needed(copied, copied - 0.02, groups=np.repeat(np.arange(60), 20))
    assert found == Needed(plain.seeds, 20 * plain.rows, plain.rows)
    decided = needed(copied + 0.5, copied + 0.48, groups=np.repeat(np.arange(60), 20))
    assert decided == Needed(3, 1200, 60)


def test_half_of_the_tests_are_decided_at_the_number_foretold():
    """If the mean seen is the true gain, the lower end is above 0 in about half of the tests of that size."""
    rng, decided = np.random.default_rng(1), []
    for number in range(150):
        seen = drawn(3, 300, 0.025, seed=number, of_seeds=0.02, of_rows=0.15)
        seeds = asked(seen, 0.02).seeds
        if seeds is not None and seeds > 3:
            apart = 0.02 * rng.normal(size=(seeds, 1)) + 0.15 * rng.normal(size=(1, 300))
            decided.append(two_way(0.025 + apart + 0.25 * rng.normal(size=(seeds, 300))).lower > 0)
    assert len(decided) > 75
    assert 0.3 < np.mean(decided) < 0.9


def test_what_proves_nothing_is_refused():
    with pytest.raises(PlanError, match=r"stats\.one_seed"):
        asked(np.zeros((1, 50)), 0.02)


def test_a_gain_that_can_be_seen_is_found_so_often():
    """Normal layouts with that gain: the lower end is above 0 in 80 % of them, within Monte-Carlo error."""
    rng, draws, n = np.random.default_rng(0), 20_000, 500
    for k, of_seeds, of_rows in ((3, 4e-4, 1e-4), (5, 1e-5, 2e-4), (5, 3e-4, 0.0)):
        seen = min_detectable(of_seeds, of_rows, k, 0.0226)
        seeds = n * of_seeds * rng.chisquare(k - 1, draws) / (k - 1)
        rows = n * k * of_rows * rng.chisquare(n - 1, draws) / (n - 1)
        squares = MeanSquares(seeds, rows, np.zeros(draws), k, n)
        mean = seen + (of_seeds / k + of_rows) ** 0.5 * rng.standard_normal(draws)
        assert (mean > squares.half_width(0.0226)).mean() == pytest.approx(0.8, abs=0.015)


def test_more_seeds_rows_and_error_see_more():
    usual = min_detectable(4e-4, 1e-4, 5, 0.0226)
    assert min_detectable(4e-4, 1e-4, 10, 0.0226) < usual < min_detectable(4e-4, 1e-4, 3, 0.0226)
    assert min_detectable(4e-4, 0.5e-4, 5, 0.0226) < usual and min_detectable(4e-4, 1e-4, 5, 0.05) < usual
    assert min_detectable(4e-4, 1e-4, 5, 0.0226, power=0.5) < usual
    assert min_detectable(0.0, 0.0, 5, 0.05) == 0


def test_where_nothing_is_left_to_spend_no_number_of_seeds_settles_it():
    values = drawn(3, 400, 0.012, seed=4)
    assert needed(values, values - 0.01, lambda seeds: 0.05 if seeds == 3 else 0.0).seeds is None
