from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.knowledge.lessons import lesson

from tunebook.core.verdict import RowEffect
from tunebook.knowledge.effects import _meier, pool, pooled_effects, row_tests

SETS = [
    ([0.02, 0.031, -0.01, 0.05], [0.01, 0.02, 0.008, 0.03]),
    ([0.02, 0.021, 0.019], [0.01, 0.02, 0.01]),
    ([0.5, -0.3], [0.05, 0.02]),
    (list(np.linspace(-1, 3, 12)), [0.3] * 12),
]


def rate(old, new):
    return [{"row": "learning_rate", "from": old, "to": new}]


def test_one_test_of_one_row():
    (test,) = row_tests("learning_rate", [lesson("a"), lesson("b", action="promote"), lesson("c", changed=[])])
    assert (test.old, test.new, test.ratio, test.direction, test.method) == (5e-5, 1e-4, 2.0, "up", "alone")
    assert (test.gain, test.lower, test.upper, test.others) == (0.03, 0.01, 0.05, [])
    (effect,) = pooled_effects([test])
    assert (effect.sure, effect.tests, effect.direction, effect.metric) == ("one", 1, "up", "accuracy")
    assert (effect.pooled.mean, effect.pooled.lower, effect.pooled.upper) == (0.03, 0.01, 0.05)  # as the test said


def test_nothing_is_known():
    assert row_tests("batch_size", [lesson("a")]) == []
    assert pooled_effects([]) == []


def test_the_last_look_of_a_test_counts():
    looks = [lesson(f"k{seeds}", test="t", group="g", seeds=seeds, date=f"2026-05-0{seeds}") for seeds in (3, 5)]
    assert [test.lesson.seeds for test in row_tests("learning_rate", looks[::-1])] == [5]
    assert len(row_tests("learning_rate", [lesson("a", test=""), lesson("b", test="")])) == 2


def test_a_test_that_learnt_what_its_rows_are_worth_counts_with_it():
    changed = [*rate(5e-5, 1e-4), {"row": "warmup_ratio", "from": 0.1, "to": 0.05}]
    told = RowEffect(row="learning_rate", effect=0.02, lower=0.01, upper=0.03, method="shapley")
    first = lesson("a", test="t", group="g", changed=changed)
    again = lesson("b", test="t", group="g", changed=changed, effects=[told])
    for order in ([first, again], [again, first]):  # both of the same day
        (test,) = row_tests("learning_rate", order)
        assert (test.gain, test.method) == (0.02, "shapley")


def test_the_reverse_change_counts_with_its_sign_turned():
    up = lesson("a")
    down = lesson("b", changed=rate(1e-4, 5e-5), gain=-0.03, lower=-0.05, upper=-0.01)
    tests = row_tests("learning_rate", [up, down])
    assert {test.direction for test in tests} == {"up", "down"}
    (effect,) = pooled_effects(tests)
    assert effect.pooled.mean == pytest.approx(0.03)
    assert (effect.pooled.count, effect.better) == (2, 2)


def test_other_metrics_are_pooled_apart():
    tests = row_tests("learning_rate", [lesson("a"), lesson("b"), lesson("c", metric="spearman")])
    assert [(effect.metric, effect.pooled.count) for effect in pooled_effects(tests)] == [
        ("accuracy", 2),
        ("spearman", 1),
    ]


def test_tests_on_the_same_rows_count_as_one():
    tests = row_tests(
        "learning_rate", [lesson("a", group="g"), lesson("b", group="g", gain=0.05, lower=0.03, upper=0.07)]
    )
    (effect,) = pooled_effects(tests)
    assert (effect.tests, effect.pooled.count, effect.better, effect.sure) == (2, 1, 1, "one")
    assert effect.pooled.mean == pytest.approx(0.04)
    assert effect.pooled.upper - effect.pooled.mean == pytest.approx(0.02 * 1.959964 / 1.644854, abs=1e-6)


@pytest.mark.parametrize(
    ("gains", "sure"),
    [
        ([0.03, 0.031, 0.029, 0.03, 0.032], "helps"),
        ([-0.03, -0.031, -0.029, -0.03, -0.032], "hurts"),
        ([0.01, 0.03, 0.05, 0.02, 0.04, 0.001, 0.06], "helps_mostly"),
        ([-0.01, -0.03, -0.05, -0.02, -0.04, -0.001, -0.06], "hurts_mostly"),
        ([0.03, -0.03, 0.01], "unsure"),
    ],
)
def test_how_sure(gains, sure):
    lessons = [
        lesson(f"k{number}", gain=gain, lower=gain - 0.005, upper=gain + 0.005) for number, gain in enumerate(gains)
    ]
    (effect,) = pooled_effects(row_tests("learning_rate", lessons))
    assert effect.sure == sure
    expected = pool(gains, [0.005 / 1.6448536269514722] * len(gains))
    assert (effect.pooled.mean, effect.pooled.upper) == pytest.approx((expected.mean, expected.upper))


def test_several_changes_at_once_are_told_apart_only_by_the_test():
    changed = [*rate(5e-5, 1e-4), {"row": "max_epochs", "from": 3, "to": 6}]
    mixed = lesson("a", changed=changed)
    effects = [
        RowEffect(row="learning_rate", effect=0.01, lower=0, upper=0.02, method="one_in"),
        RowEffect(row="learning_rate", effect=0.012, lower=0.002, upper=0.022, method="one_back"),
        RowEffect(row="max_epochs", effect=0.02, lower=0, upper=0.04, method="odd"),
    ]
    told = lesson("b", changed=changed, effects=effects)
    first, second = row_tests("learning_rate", [told, mixed])
    assert (first.method, first.gain, first.others) == ("mixed", None, ["max_epochs"])
    assert (second.method, second.gain, second.lower) == ("one_back", 0.012, 0.002)
    assert pooled_effects([first]) == []
    assert [test.gain for test in row_tests("max_epochs", [told])] == [None]


def test_a_score_that_could_not_be_computed_is_not_pooled():
    assert pooled_effects(row_tests("learning_rate", [lesson("a", gain=float("nan"))])) == []
    assert pooled_effects(row_tests("learning_rate", [lesson("a", lower=None)])) == []
    assert pooled_effects(row_tests("learning_rate", [lesson("a", upper=None)])) == []


SWITCHED = [
    {"row": "fgm.epsilon", "from": "off", "to": 1.0},
    {"row": "fgm.layers", "from": "off", "to": ["embeddings"]},
]


def test_a_technique_is_switched_as_one():
    on = lesson("a", changed=SWITCHED)
    off = lesson("b", changed=[{**item, "from": item["to"], "to": "off"} for item in SWITCHED])
    tests = row_tests("fgm", [on, off])
    assert {(test.old, test.new, test.direction) for test in tests} == {
        ("off", "on", "off → on"),
        ("on", "off", "on → off"),
    }
    assert {test.method for test in tests} == {"alone"}
    (effect,) = pooled_effects(tests)
    assert (effect.direction, effect.pooled.mean) == ("off → on", pytest.approx(0))
    (inner,) = row_tests("fgm.epsilon", [on])
    assert (inner.old, inner.new, inner.ratio, inner.method) == ("off", 1.0, None, "alone")
    assert row_tests("fgm", [lesson("c", changed=[{"row": "fgm.epsilon", "from": 1.0, "to": 2.0}])]) == []


@pytest.mark.parametrize(
    ("old", "new", "direction", "sign"),
    [
        (True, False, "false → true", -1),
        ("linear", "cosine", "cosine → linear", -1),
        ("cosine", "linear", "cosine → linear", 1),
        (None, 3, "3 → none", -1),
        (["a", "b"], ["a"], "a → a, b", -1),
        ("off", "x", "off → x", 1),
        ("a", "off", "off → a", -1),
    ],
)
def test_values_that_are_no_numbers(old, new, direction, sign):
    tests = row_tests("x", [lesson("a", changed=[{"row": "x", "from": old, "to": new}])])
    (effect,) = pooled_effects(tests)
    assert (effect.direction, effect.pooled.mean) == (direction, pytest.approx(sign * 0.03))


def test_zero_has_no_ratio():
    (test,) = row_tests("x", [lesson("a", changed=[{"row": "x", "from": 0, "to": 0.1}])])
    assert (test.ratio, test.direction) == (None, "up")


def test_the_level_of_an_interval_is_the_tests_own():
    def upper(alpha):
        twice = [lesson(name, group=name, alpha=alpha) for name in "ab"]
        return pooled_effects(row_tests("learning_rate", twice))[0].pooled.upper

    assert upper(0.05) > upper(0.022)  # the same ends are farther out in standard errors
    assert upper(None) == upper(0.05)


def test_one_test_keeps_its_interval_also_turned_round():
    (effect,) = pooled_effects(row_tests("learning_rate", [lesson("a", changed=rate(1e-4, 5e-5))]))
    assert (effect.pooled.mean, effect.pooled.lower, effect.pooled.upper) == (-0.03, -0.05, -0.01)


def exact(key, se, df, **changes):
    return lesson(key, se=se, df=df, **changes)


def test_tests_are_pooled_by_their_own_errors():
    """A t interval of few degrees of freedom is wide: divided by normal quantiles it would seem a larger error."""
    gains, errors, dfs = [0.03, 0.01, 0.02], [0.004, 0.01, 0.006], [3.0, 7.5, 40.0]
    lessons = [
        exact(
            f"k{n}", se, df, gain=gain, lower=gain - stats.t.isf(0.05, df) * se, upper=gain + stats.t.isf(0.05, df) * se
        )
        for n, (gain, se, df) in enumerate(zip(gains, errors, dfs, strict=True))
    ]
    tests = row_tests("learning_rate", lessons)
    assert [(test.se, test.df) for test in tests] == list(zip(errors, dfs, strict=True))[::-1]
    (effect,) = pooled_effects(tests)
    expected = pool(gains, errors, dfs)
    assert (effect.pooled.mean, effect.pooled.upper) == pytest.approx((expected.mean, expected.upper))
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    oracle = meta.combine_effects(np.array(gains), np.array(errors) ** 2, method_re="iterated", use_t=True, atol=1e-9)
    assert effect.pooled.mean == pytest.approx(oracle.mean_effect_re if oracle.tau2 > 0 else oracle.mean_effect_fe)
    assert effect.pooled.p_same == pytest.approx(stats.chi2.sf(oracle.q, 2))


def test_errors_of_rows_told_apart_go_along():
    told = RowEffect(row="learning_rate", effect=0.02, lower=0.01, upper=0.03, method="shapley", se=0.005, df=4.0)
    changed = [*rate(5e-5, 1e-4), {"row": "warmup_ratio", "from": 0.1, "to": 0.05}]
    (test,) = row_tests("learning_rate", [exact("a", 0.1, 2.0, changed=changed, effects=[told])])
    assert (test.se, test.df) == (0.005, 4.0)


def test_tests_on_the_same_rows_have_the_fewest_degrees_of_freedom():
    (effect,) = pooled_effects(
        row_tests("learning_rate", [exact("a", 0.01, 3.0, group="g"), exact("b", 0.02, 9.0, group="g")])
    )
    half = stats.t.isf(0.025, 3.0) * 0.015
    assert effect.pooled.upper - effect.pooled.mean == pytest.approx(half)


def test_a_test_in_which_nothing_varied_has_a_tiny_error():
    lessons = [exact("a", 0.0, 2.0), exact("b", 0.0, 2.0, gain=0.05)]
    (effect,) = pooled_effects(row_tests("learning_rate", lessons))
    assert effect.pooled.mean == pytest.approx(0.04)


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
