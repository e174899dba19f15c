"""The gate: against statsmodels' analysis of variance, by hand, and its error by simulation."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.gate import Design, simulate, squares_of, verdicts, worst
from benchmarks.groups import Design as Grouped
from benchmarks.groups import simulate as simulate_groups
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from tunebook.core.errors import DataError, PlanError
from tunebook.stats.degrees_of_freedom import seed_weight
from tunebook.stats.gate import MeanSquares, of_groups, proven, two_way


def drawn(k, n, seed=0, of_seeds=0.05, of_rows=0.2):
    rng = np.random.default_rng(seed)
    return of_seeds * rng.normal(size=(k, 1)) + of_rows * rng.normal(size=(1, n)) + 0.3 * rng.normal(size=(k, n))


@pytest.mark.parametrize(("k", "n"), [(2, 2), (5, 12), (3, 40)])
def test_mean_squares_are_those_of_statsmodels(k, n):
    values = drawn(k, n)
    places = pd.DataFrame({"y": values.ravel(), "seed": np.repeat(range(k), n), "row": np.tile(range(n), k)})
    expected = anova_lm(ols("y ~ C(seed) + C(row)", places).fit(), typ=1)["sum_sq"] / [k - 1, n - 1, (k - 1) * (n - 1)]
    seen = MeanSquares.of(values)
    assert [seen.seeds, seen.rows, seen.rest] == pytest.approx(list(expected))


def test_mean_squares_of_many_layouts_are_those_of_each():
    many = np.stack([drawn(4, 30, seed) for seed in range(6)]).reshape(2, 3, 4, 30)
    se, df = MeanSquares.of(many).error(0.05)
    for place in np.ndindex(2, 3):
        effect = two_way(many[place])
        assert (se[place], df[place]) == pytest.approx((effect.se, effect.df))


def test_the_interval_follows_its_formula():
    values = drawn(5, 50, seed=3)
    of_seeds, of_rows = 50 * values.mean(1).var(ddof=1), 5 * values.mean(0).var(ddof=1)
    apart = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    rest = (apart**2).sum() / (4 * 49)
    over = max(of_rows - rest, 0)
    assert over > 0
    variance = max(of_seeds + over, of_rows) / 250
    weighed = seed_weight(5, 0.02) * of_seeds
    df = max((weighed + over) ** 2 / (weighed**2 / 4 + over**2 / 49), 4)
    effect = two_way(values, alpha=0.02)
    assert (effect.mean, effect.se, effect.df) == pytest.approx((values.mean(), variance**0.5, df))
    ends = stats.t.interval(0.96, df, values.mean(), variance**0.5)
    assert (effect.lower, effect.upper) == pytest.approx(ends)
    assert (effect.seeds, effect.rows) == (5, 50)
    assert effect.seed_sd == pytest.approx(values.mean(1).std(ddof=1))


def test_with_no_effect_of_rows_it_is_the_paired_t_over_seeds():
    gains = np.array([0.01, 0.03, 0.02, 0.05])
    effect = two_way(np.tile(gains[:, None], (1, 7)))
    expected = stats.ttest_1samp(gains, 0).confidence_interval(0.9)
    assert (effect.lower, effect.upper) == pytest.approx(tuple(expected))
    assert effect.df == 3


def test_seeds_that_agree_too_well_do_not_narrow_the_interval_below_that_of_rows():
    """Mean squares of seeds below the rest: the variance is that of rows alone."""
    values = drawn(4, 60, seed=1)
    values -= values.mean(1, keepdims=True)
    squares = MeanSquares.of(values)
    assert squares.seeds == pytest.approx(0)
    assert two_way(values).se == pytest.approx((squares.rows / 240) ** 0.5)


@pytest.mark.parametrize("value", [0.0, 0.02, -1.0])
def test_where_nothing_varies_the_interval_has_no_width(value):
    effect = two_way(np.full((3, 8), value))
    assert (effect.lower, effect.mean, effect.upper) == pytest.approx((value, value, value))
    assert (effect.se, effect.df, effect.seed_sd) == pytest.approx((0, 2, 0))


def decide(mean, lower, upper, delta):
    return proven(lower, mean - delta, lower - delta, upper - delta)


def test_the_same_table_twice_is_rejected_or_without_delta_not_decided():
    effect = two_way(np.zeros((5, 100)))
    assert decide(effect.mean, effect.lower, effect.upper, 0.02) == "REJECT"
    assert decide(effect.mean, effect.lower, effect.upper, 0.0) == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ((0.05, 0.03, 0.07), "STRONG"),
        ((0.04, 0.02, 0.06), "PROMOTE"),  # lower end at delta exactly: not more than delta
        ((0.02, 0.001, 0.04), "PROMOTE"),  # seen exactly delta
        ((0.019, 0.001, 0.04), "INCONCLUSIVE"),
        ((0.03, 0.0, 0.06), "INCONCLUSIVE"),
        ((0.01, -0.01, 0.02), "INCONCLUSIVE"),  # upper end at delta exactly
        ((0.01, 0.005, 0.019), "REJECT"),  # a gain, but proven to be less than delta
        ((-0.01, -0.03, 0.01), "REJECT"),
    ],
)
def test_decisions(gain, expected):
    assert decide(*gain, 0.02) == expected


def test_the_simulation_decides_as_the_gate_does():
    mean, half = np.random.default_rng(0).normal(0.02, 0.03, size=(2, 300))
    half = abs(half)
    found = verdicts(mean, half, 0.02)
    for place in range(300):
        seen = decide(mean[place], mean[place] - half[place], mean[place] + half[place], 0.02)
        assert found["strong"][place] == (seen == "STRONG")
        assert found["promote"][place] == (seen in ("STRONG", "PROMOTE"))
        assert found["reject"][place] == (seen == "REJECT")


def test_the_simulation_sums_up_what_the_gate_does():
    draw = np.random.default_rng(3)
    difference = draw.integers(-1, 2, size=(4, 5, 60), dtype=np.int8)
    found = squares_of(difference, Design(seeds=(3, 5), rows=(20, 60)))
    for (k, n), (mean, squares) in found.squares.items():
        expected = MeanSquares.of(difference[:, :k, :n].astype(float))
        assert mean == pytest.approx(difference[:, :k, :n].mean((1, 2)))
        for name in ("seeds", "rows", "rest"):
            assert getattr(squares, name) == pytest.approx(getattr(expected, name))
    assert found.flips[20][0].tolist() == (difference[:, 0, :20] > 0).sum(1).tolist()
    assert found.flips[60][1].tolist() == (difference[:, 0] < 0).sum(1).tolist()


@pytest.mark.parametrize(
    ("values", "kind", "code"),
    [
        (np.zeros((1, 50)), PlanError, "stats.one_seed"),
        (np.zeros((0, 50)), PlanError, "stats.one_seed"),
        (np.zeros((5, 1)), DataError, "stats.few_rows"),
        (np.zeros(5), DataError, "stats.shape"),
        (np.zeros((2, 3, 4)), DataError, "stats.shape"),
        ([[0.0, np.nan], [1.0, np.inf]], DataError, "stats.nan"),
    ],
)
def test_what_proves_nothing_is_refused(values, kind, code):
    with pytest.raises(kind) as caught:
        two_way(values)
    assert caught.value.code == code
    assert caught.value.message and caught.value.advice


def test_the_message_counts_what_is_not_a_number():
    with pytest.raises(DataError, match="not numbers: 2 of them"):
        two_way([[0.0, np.nan], [1.0, np.nan]])


def test_groups_of_one_row_are_rows():
    values = drawn(4, 30)
    by_groups = two_way(values, groups=np.random.default_rng(0).permutation(30))
    assert by_groups.groups == 30
    assert (by_groups.lower, by_groups.upper, by_groups.df) == pytest.approx(
        (two_way(values).lower, two_way(values).upper, two_way(values).df)
    )


def test_equal_groups_are_the_means_of_their_rows():
    values, codes = drawn(4, 60), np.tile(np.arange(12), 5)
    means = np.stack([values[:, codes == code].mean(1) for code in range(12)], axis=1)
    assert of_groups(values, codes) == pytest.approx(means)
    seen, expected = two_way(values, 0.03, codes), two_way(means, 0.03)
    assert (seen.lower, seen.upper, seen.df) == pytest.approx((expected.lower, expected.upper, expected.df))
    assert (seen.rows, seen.groups, expected.groups) == (60, 12, 0)


def test_the_spread_of_unequal_groups_is_that_of_the_ratio():
    """The standard error of a ratio of totals, by leaving out one group after the other."""
    codes = np.repeat([7, 3, 9, 11, 20], [1, 4, 9, 16, 2])
    values = np.random.default_rng(1).normal(size=(1, 32))
    found = of_groups(values, codes)
    assert found.mean() == pytest.approx(values.mean())
    left_out = np.array([values[0, codes != code].mean() for code in np.unique(codes)])
    total = (found[0] - values.mean()) / 5  # each group's part of the mean; without it the rest has fewer rows
    sizes = np.unique(codes, return_counts=True)[1]
    assert left_out - values.mean() == pytest.approx(-total * 32 / (32 - sizes))


def test_one_group_says_nothing():
    for call in (of_groups, lambda values, groups: two_way(values, groups=groups)):
        with pytest.raises(DataError, match=r"stats\.few_groups"):
            call(drawn(3, 8), np.zeros(8, int))


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1, float("nan")])
def test_an_error_that_is_none_is_refused(alpha):
    with pytest.raises(PlanError, match=r"stats\.alpha"):
        two_way(drawn(3, 5), alpha)


SMALL = Design(draws=400, seeds=(3, 5), rows=(300,), seed_sds=(0.0, 0.01), gains=(0.0, 0.02, 0.06))


@pytest.fixture(scope="module")
def simulated():
    return simulate(SMALL)


def test_false_promotion_is_rarer_than_alpha(simulated):
    """Within three Monte-Carlo errors, at every seed noise; with early stopping too, and where delta is 0."""
    allowed = SMALL.alpha + 3 * (SMALL.alpha * (1 - SMALL.alpha) / SMALL.draws) ** 0.5
    assert worst(simulated["gate"], "promote", gain=0.0)["promote"] < allowed
    assert worst(simulated["gate"], "promote_at_delta_0", gain=0.0)["promote_at_delta_0"] < allowed
    assert worst(simulated["sequence"], "promote", gain=0.0)["promote"] < allowed


def test_errors_at_a_true_gain_of_delta(simulated):
    """More than delta is claimed, or delta denied, as rarely as alpha; to promote is the toss of a coin at best."""
    error = 3 * (SMALL.alpha * (1 - SMALL.alpha) / SMALL.draws) ** 0.5
    for cell in simulated["gate"]:
        if cell["gain"] == SMALL.delta:
            assert cell["strong"] < SMALL.alpha + error
            assert cell["reject"] < SMALL.alpha + error
            assert cell["promote"] < 0.5 + 3 * (0.25 / SMALL.draws) ** 0.5


def test_the_simulation_can_fail(simulated):
    """The rule for single runs promotes far more often without a gain, and the gate sees a gain that is there."""
    assert worst(simulated["single"], "naive", gain=0.0)["naive"] > 2 * SMALL.alpha
    power = {(cell["seeds"], cell["seed_sd"]): cell["promote"] for cell in simulated["gate"] if cell["gain"] == 0.06}
    assert power[5, 0.0] > 0.9
    assert power[5, 0.0] > power[3, 0.0] - 0.05


def test_groups_keep_alpha_where_rows_alone_do_not():
    """Groups of 20 rows that move together: counting rows errs far more often, counting groups does not."""
    design = Grouped(draws=400, seeds=(5,), groups=(25,), sizes=((20, 20),), together=(1.0,))
    (cell,) = simulate_groups(design)
    error = (0.05 * 0.95 / design.draws) ** 0.5
    assert cell["level"] < 0.05 + 3 * error
    assert cell["level_before"] > 0.05 + 3 * error
    assert cell["power"] > 0.3
