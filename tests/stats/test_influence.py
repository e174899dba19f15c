"""AUC: DeLong's variance and Newcombe's ends by brute force, the level by simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from tunebook.stats import influence as areas
from tunebook.stats.bootstrap import Units
from tunebook.stats.influence import Areas, hanley_mcneil
from tunebook.stats.ranking import auc, macro_auc

Z = stats.norm.ppf(0.975)


def drawn(positive, negative, apart=1.5, seed=0, digits=9):
    rng = np.random.default_rng(seed)
    scores = np.r_[rng.normal(apart, 1, positive), rng.normal(0, 1, negative)].round(digits)
    return scores[:, None], (np.arange(positive + negative) < positive)[:, None]


def brute_delong(scores, positive):
    yes, no = scores[positive], scores[~positive]
    wins = (yes[:, None] > no[None, :]) + (yes[:, None] == no[None, :]) / 2
    return wins.mean(1).var(ddof=1) / len(yes) + wins.mean(0).var(ddof=1) / len(no)


@pytest.mark.parametrize("digits", [9, 1, 0])
def test_value_and_variance_agree_with_all_pairs(digits):
    scores, targets = drawn(60, 90, digits=digits)
    found = Areas.of(scores, targets, Units(150))
    assert found.values[0] == pytest.approx(float(auc(scores[:, 0], targets[:, 0])))
    _, moved = areas._placed(scores[:, 0], targets[:, 0])
    assert (moved**2).sum() == pytest.approx(brute_delong(scores[:, 0], targets[:, 0]))


@pytest.mark.parametrize(("positive", "negative"), [(5, 95), (25, 30), (1, 9)])
def test_few_rows_of_one_side_have_newcombes_ends(positive, negative):
    scores, targets = drawn(positive, negative)
    found = Areas.of(scores, targets, Units(positive + negative)).interval()

    def miss(end):
        return (found.value - end) ** 2 - Z**2 * hanley_mcneil(end, np.array(positive), np.array(negative))

    assert found.low == pytest.approx(brentq(miss, 1e-9, found.value - 1e-6), abs=1e-6)
    if found.value < 1:
        assert found.high == pytest.approx(brentq(miss, found.value + 1e-6, 1 - 1e-9), abs=1e-6)


def test_hanley_and_mcneils_variance_of_equal_sides_is_the_published_one():
    area, rows = 0.8, 50
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    published = (area * (1 - area) + (rows - 1) * (q1 - area**2) + (rows - 1) * (q2 - area**2)) / rows**2
    assert hanley_mcneil(np.array(area), np.array(rows), np.array(rows)) == pytest.approx(published)


def test_with_many_rows_the_interval_is_that_of_the_bootstrap():
    rng, classes, rows = np.random.default_rng(1), 3, 900
    labels = rng.integers(classes, size=rows)
    targets = np.eye(classes, dtype=bool)[labels]
    scores = rng.normal(size=(rows, classes)) + 1.2 * targets
    found = Areas.of(scores, targets, Units(rows)).interval()
    weights = rng.multinomial(rows, np.full(rows, 1 / rows), size=2000).astype(float)
    low, high = np.quantile(macro_auc(scores, targets, weights), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)
    assert found.value == pytest.approx(float(macro_auc(scores, targets)))


def test_classes_with_one_side_only_are_left_out():
    scores, targets = drawn(20, 20)
    wide = np.hstack([targets, np.zeros((40, 1), bool), np.ones((40, 1), bool)])
    found = Areas.of(np.hstack([scores, scores, scores]), wide, Units(40))
    assert found.interval() == Areas.of(scores, targets, Units(40)).interval()
    assert Areas.of(scores, np.zeros((40, 1), bool), Units(40)).interval() is None


def test_no_error_is_not_taken_for_certainty():
    found = Areas.of(np.arange(80.0)[:, None], (np.arange(80) >= 40)[:, None], Units(80)).interval()
    assert found.value == found.high == 1 and 0.9 < found.low < 0.999


def test_groups_widen_and_copies_tell_nothing_new():
    scores, targets = drawn(60, 90)
    one = Areas.of(scores, targets, Units(150)).interval()
    copied = [np.repeat(part, 4, axis=0) for part in (scores, targets)]
    four = Areas.of(*copied, Units(600, np.repeat(np.arange(150), 4))).interval()
    assert four.value == pytest.approx(one.value)
    assert one.high - one.low < four.high - four.low < 1.25 * (one.high - one.low)
    assert Areas.of(*copied, Units(600)).interval().low > four.low


def test_the_level_holds_with_ten_rows_of_the_rarer_side():
    """Within 4 Monte-Carlo errors and two points of 95 %."""
    truth, repeats, inside = stats.norm.cdf(1.2 / np.sqrt(2)), 300, 0
    for seed in range(repeats):
        found = Areas.of(*drawn(10, 90, 1.2, seed), Units(100)).interval()
        inside += found.low <= truth <= found.high
    assert abs(inside / repeats - 0.95) < 0.02 + 4 * np.sqrt(0.95 * 0.05 / repeats)
