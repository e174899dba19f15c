"""Gains of metrics of all rows, and of costs: against the gate where both apply, and SciPy."""

import numpy as np
import pytest
from benchmarks.intervals import bootstraps
from scipy import stats

from tunebook.core.errors import DataError, PlanError
from tunebook.stats.gate import two_way
from tunebook.stats.seeds import Blocks, drawn_gains, multi_bootstrap, over_seeds


def scores_of(k, n, seed=0):
    """Scores (2, K, N) with effects of seeds and of rows on the difference."""
    rng = np.random.default_rng(seed)
    return (
        rng.random((2, k, n)) + 0.3 * rng.normal(size=(2, 1, n)) + 0.05 * rng.normal(size=(2, k, 1)) + [[[0]], [[0.02]]]
    )


def mean_of(values):
    return lambda arm, seed, rows: float(values[arm, seed][rows].mean())


def means_of(values):
    return Blocks(lambda arm, seed, rows: values[arm, seed][rows].mean(-1))


@pytest.mark.parametrize(("k", "n"), [(2, 60), (5, 200), (10, 40)])
def test_of_a_mean_it_is_the_gate(k, n):
    values = scores_of(k, n)
    seen, expected = multi_bootstrap(means_of(values), k, n, resamples=20_000), two_way(values[1] - values[0])
    assert seen.mean == pytest.approx(expected.mean)
    assert seen.seed_sd == pytest.approx(expected.seed_sd)
    assert seen.se == pytest.approx(expected.se, rel=0.03)
    assert seen.df == pytest.approx(expected.df, rel=0.15)
    assert [seen.lower, seen.upper] == pytest.approx([expected.lower, expected.upper], abs=0.1 * expected.se)
    assert (seen.seeds, seen.rows) == (k, n)


def test_one_draw_at_a_time_or_many_give_the_same():
    values = scores_of(3, 25)
    assert multi_bootstrap(mean_of(values), 3, 25, resamples=60) == multi_bootstrap(
        means_of(values), 3, 25, resamples=60
    )


def test_the_same_seed_gives_the_same_interval_and_another_one_not():
    values = means_of(scores_of(3, 25))
    first, again, other = (multi_bootstrap(values, 3, 25, resamples=50, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_a_metric_that_is_no_mean():
    """The standard error of a gain in correlation is that over fresh seeds and rows of the same law."""
    k, n, rng = 4, 80, np.random.default_rng(5)
    arms = np.array([0.25, 0.3])[:, None, None]  # how far each arm strays from the truth, and more seed by seed

    def draw():
        truth = rng.normal(size=n)
        return truth, truth + (arms + 0.2 * rng.random((2, k, 1))) * rng.normal(size=(2, k, n))

    def correlation(truth, predicted):
        x, y = (part - part.mean(-1, keepdims=True) for part in (truth, predicted))
        return (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))

    gains, errors = [], []
    for number in range(2000):
        truth, predicted = draw()
        gains.append(np.subtract(*correlation(truth, predicted)[::-1]).mean())
        if number < 100:
            score = Blocks(lambda a, s, rows, t=truth, p=predicted: correlation(t[rows], p[a, s][rows]))
            effect = multi_bootstrap(score, k, n, resamples=150)
            assert effect.mean == pytest.approx(gains[-1])
            errors.append(effect.se**2)
    # Variances from four seeds are skewed, so the mean of 100 of them is known to about 8 %; three of these.
    assert np.mean(errors) == pytest.approx(np.var(gains), rel=0.25)


def test_draws_on_which_a_score_is_nan_are_left_out():
    values = scores_of(2, 6)

    def score(arm, seed, rows):
        return float("nan") if 0 not in rows else float(values[arm, seed][rows].mean())

    gains, drawn = drawn_gains(score, 2, 6, resamples=200)
    assert not np.isnan(drawn).any()
    # A row is missing from (5/6)^6 = 33 % of the draws; four standard errors of 200 draws are 13 %.
    assert 200 * (1 - 0.33 - 0.14) < len(drawn) < 200 * (1 - 0.33 + 0.14)
    assert gains.shape == (2,)


def test_of_a_mean_and_groups_it_is_the_gate_too():
    """Groups of unequal size, whose rows move together."""
    codes = np.repeat(np.arange(40), 1 + np.arange(40) % 7)
    values = scores_of(4, len(codes), seed=3)
    values[1] += np.random.default_rng(4).normal(0, 0.4, 40)[codes]
    seen = multi_bootstrap(means_of(values), 4, codes, resamples=8000)
    expected = two_way(values[1] - values[0], groups=codes)
    assert seen.mean == pytest.approx(expected.mean) and (seen.rows, seen.groups) == (len(codes), 40)
    assert seen.se == pytest.approx(expected.se, rel=0.05)
    assert seen.se > 1.3 * two_way(values[1] - values[0]).se
    with pytest.raises(DataError, match=r"stats\.few_groups"):
        multi_bootstrap(means_of(values), 4, np.zeros(len(codes), int), resamples=20)


@pytest.mark.parametrize("bad", [lambda rows: True, lambda rows: len(set(rows)) < len(rows)])
def test_a_score_that_is_nan_on_all_rows_or_on_nearly_all_draws_is_refused(bad):
    with pytest.raises(DataError) as caught:
        multi_bootstrap(lambda arm, seed, rows: float("nan") if bad(rows) else 1.0, 2, 30, resamples=40)
    assert caught.value.code == "stats.nan"


def test_arms_that_are_alike_have_an_interval_of_no_width():
    effect = multi_bootstrap(lambda arm, seed, rows: float(np.mean(rows)), 3, 20, resamples=30)
    assert (effect.lower, effect.mean, effect.upper) == (0, 0, 0)


@pytest.mark.parametrize(("seeds", "rows", "kind"), [(1, 50, PlanError), (5, 1, DataError)])
def test_too_few_seeds_or_rows_are_refused(seeds, rows, kind):
    with pytest.raises(kind):
        multi_bootstrap(lambda arm, seed, rows: 0.0, seeds, rows)


def test_over_seeds_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=6), rng.normal(size=6) + 0.4
    effect = over_seeds(np.log(np.exp(b) / np.exp(a)), alpha=0.05)
    expected = stats.ttest_rel(b, a).confidence_interval(0.9)
    assert (effect.lower, effect.upper) == pytest.approx(tuple(expected))
    assert (effect.mean, effect.df, effect.seeds, effect.rows) == pytest.approx(((b - a).mean(), 5, 6, 0))
    assert effect.seed_sd == pytest.approx((b - a).std(ddof=1)) == pytest.approx(effect.se * 6**0.5)


def test_over_seeds_refuses_what_proves_nothing():
    with pytest.raises(PlanError, match=r"stats\.one_seed"):
        over_seeds([0.1])
    with pytest.raises(DataError, match=r"stats\.nan"):
        over_seeds([0.1, float("nan")])
    with pytest.raises(DataError, match=r"stats\.shape"):
        over_seeds([[0.1, 0.2]])
    with pytest.raises(PlanError, match=r"stats\.alpha"):
        over_seeds([0.1, 0.2], alpha=1)


def test_the_interval_of_few_seeds_is_wide_enough():
    """No true gain in macro-F1: the lower end is above 0 as rarely as alpha, within three Monte-Carlo errors."""
    cells = bootstraps(100, rows=100, resamples=50)
    allowed = 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5
    assert max(cell["multi_bootstrap"] for cell in cells) < allowed
