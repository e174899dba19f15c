import numpy as np
import pytest
from scipy import stats

from tunebook.knowledge.pool import pool

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
    oracle = meta.combine_effects(
        np.array(effects), np.array(errors) ** 2, method_re="iterated", use_t=True, atol=1e-14
    )
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


def test_two_are_hardly_more():
    found = pool([0.03, 0.031], [0.01, 0.01])
    assert found.new_lower is None
    assert found.lower < 0 < found.upper  # t with one degree of freedom


def test_equal_effects_have_no_spread():
    found = pool([0.02] * 4, [0.01, 0.02, 0.01, 0.03])
    assert (found.tau, found.i2, found.p_same) == (0.0, 0.0, 1.0)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    draw, hits, total = np.random.default_rng(5), 0, 600
    for _ in range(total):
        errors = draw.uniform(0.005, 0.02, 5)
        effects = 0.02 + draw.normal(0, 0.01, 5) + draw.normal(0, errors)
        found = pool(effects.tolist(), errors.tolist())
        hits += found.lower <= 0.02 <= found.upper
    assert hits / total > 0.94
