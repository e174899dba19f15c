import numpy as np
import pytest
from scipy import stats

from tunebook.knowledge.pool import _meier, pool

SETS = [
    ([0.02, 0.031, -0.01, 0.05], [0.01, 0.02, 0.008, 0.03]),
    ([0.02, 0.021, 0.019], [0.01, 0.02, 0.01]),
    ([0.5, -0.3], [0.05, 0.02]),
    (list(np.linspace(-1, 3, 12)), [0.3] * 12),
]


@pytest.mark.parametrize(("effects", "errors"), SETS)
def test_agrees_with_statsmodels(effects, errors):
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    found = pool(effects, errors)
    oracle = meta.combine_effects(np.array(effects), np.array(errors) ** 2, method_re="iterated", use_t=True, atol=1e-9)
    tau2 = max(0.0, oracle.tau2)
    assert found.tau**2 == pytest.approx(tau2, abs=1e-9)
    assert found.mean == pytest.approx(oracle.mean_effect_re if tau2 > 0 else oracle.mean_effect_fe, abs=1e-7)
    assert found.i2 == pytest.approx(max(0.0, oracle.i2), abs=1e-9)
    assert found.p_same == pytest.approx(stats.chi2.sf(oracle.q, len(effects) - 1))
    scale = max(1.0, oracle.scale_hksj_re) if tau2 > 0 else max(1.0, oracle.scale_hksj_fe)
    error = np.sqrt(scale) * (oracle.sd_eff_w_re if tau2 > 0 else oracle.sd_eff_w_fe)
    half = stats.t.ppf(0.975, len(effects) - 1) * error
    assert (found.lower, found.upper) == pytest.approx((found.mean - half, found.mean + half), abs=1e-7)


def test_one_alone_says_what_it_says():
    found = pool([0.03], [0.01])
    assert (found.mean, found.count, found.tau, found.new_lower) == (0.03, 1, None, None)
    assert found.upper - found.mean == pytest.approx(1.959964 * 0.01)


def test_one_alone_with_few_degrees_of_freedom_is_a_t_interval():
    found = pool([0.03], [0.01], [3.0])
    assert (found.lower, found.upper) == pytest.approx(stats.t.interval(0.95, 3, 0.03, 0.01))


@pytest.mark.parametrize(("effects", "errors"), SETS)
def test_many_degrees_of_freedom_are_as_good_as_infinitely_many(effects, errors):
    assert pool(effects, errors, [1e12] * len(effects)).upper == pytest.approx(pool(effects, errors).upper)
    assert pool(effects, errors, [2.0] * len(effects)).upper >= pool(effects, errors).upper


def test_a_mean_with_estimated_weights_varies_as_meier_says():
    """Graybill and Deal's mean of two samples, simulated: its variance over that of known weights."""
    draw, df, n = np.random.default_rng(0), 12.0, 200_000
    y = draw.normal(0, [1.0, 2.0], (n, 2))
    variances = np.array([1.0, 4.0]) * draw.chisquare(df, (n, 2)) / df
    weights = 1 / variances
    spread = ((weights * y).sum(1) / weights.sum(1)).var() * (1 / 1.0 + 1 / 4.0)
    expected = _meier(np.array([1.0, 0.25]), np.array([1.0, 4.0]), np.array([df, df]))
    assert 1 < spread < expected, "Meier's factor estimates the variance, and makes up for weights that seem too good"
    factors = np.array(
        [_meier(w, v, np.array([df, df])) for w, v in zip(weights[:5000], variances[:5000], strict=True)]
    )
    assert np.mean(factors / weights[:5000].sum(1)) * (1 + 1 / 4) == pytest.approx(spread, rel=0.03)


def test_two_are_hardly_more():
    found = pool([0.03, 0.031], [0.01, 0.01])
    assert found.new_lower is None
    assert found.lower < 0 < found.upper  # t with one degree of freedom


def test_equal_effects_have_no_spread():
    found = pool([0.02] * 4, [0.01, 0.02, 0.01, 0.03])
    assert (found.tau, found.i2, found.p_same) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("count", "df", "between"), [(5, np.inf, 0.01), (5, 4, 0.0), (10, 2, 0.0), (10, 4, 0.01)])
def test_the_interval_covers_the_truth_as_often_as_it_says(count, df, between):
    """Also with errors of few degrees of freedom, where it would hold the truth in 90 to 94 % without them."""
    draw, hits, total = np.random.default_rng(5), 0, 800
    for _ in range(total):
        errors = draw.uniform(0.005, 0.02, count)
        effects = 0.02 + draw.normal(0, between, count) + draw.normal(0, errors)
        seen = errors if df == np.inf else errors * np.sqrt(draw.chisquare(df, count) / df)
        found = pool(effects.tolist(), seen.tolist(), [df] * count)
        hits += found.lower <= 0.02 <= found.upper
    assert hits / total > 0.935
