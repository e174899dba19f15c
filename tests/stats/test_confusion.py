"""F1: its covariance against resampled rows, and how often its interval holds the truth."""

import numpy as np
import pytest

from tunebook.stats import counts as by_count
from tunebook.stats.bootstrap import Units
from tunebook.stats.confusion import F1, f1_of
from tunebook.stats.proportion import wilson_interval

CONFUSION = np.array([[300, 20, 10], [15, 120, 5], [4, 6, 60]])


def rows_of(confusion):
    true, given = (np.repeat(part, confusion.ravel()) for part in np.indices(confusion.shape).reshape(2, -1))
    return true, given


def counts_each(confusion):
    eye = np.eye(len(confusion), dtype=bool)
    true, given = (eye[part].astype(float) for part in rows_of(confusion))
    return by_count.Counts(true * given, true, given, np.ones(len(true)))


def resampled(confusion, draws=20_000):
    rng, size = np.random.default_rng(0), confusion.sum()
    drawn = rng.multinomial(size, confusion.ravel() / size, size=draws).reshape(-1, *confusion.shape)
    return by_count.f1(by_count.counts_of_confusion(drawn))


def test_covariance_is_that_of_resampled_rows():
    expected = np.cov(resampled(CONFUSION).T)
    assert F1.of_confusion(CONFUSION).covariance == pytest.approx(expected, rel=0.1, abs=expected.max() / 50)


def test_rows_one_by_one_and_their_confusion_matrix_say_the_same():
    of_rows = F1.of_units(Units(CONFUSION.sum()), counts_each(CONFUSION)).macro()
    of_matrix = F1.of_confusion(CONFUSION).macro()
    assert (of_rows.low, of_rows.high) == pytest.approx((of_matrix.low, of_matrix.high), abs=0.002)
    assert of_rows.value == pytest.approx(of_matrix.value)


def test_with_many_rows_the_interval_is_that_of_the_bootstrap():
    macro = resampled(CONFUSION * 10).mean(-1)
    found = F1.of_confusion(CONFUSION * 10).macro()
    assert (found.low, found.high) == pytest.approx(np.quantile(macro, [0.025, 0.975]), abs=0.001)


def test_two_classes_that_fill_each_other_are_one_share():
    """All rows of class 1 are answered as class 0 and none the other way: F1 of class 0 is 2J / (1 + J), J = 0.75."""
    found = F1.of_confusion(np.array([[30, 0], [10, 0]]))
    share = wilson_interval(30, 40)
    low, high = found._ends(np.array([True, False]), np.array([1.959964]))
    assert (low[0], high[0]) == pytest.approx((f1_of(share.low), f1_of(share.high)), abs=1e-6)


def test_no_error_is_not_taken_for_certainty_and_absent_classes_stay_out():
    without = F1.of_confusion(np.diag([20, 30])).macro()
    assert without.value == without.high == 1 and 0.8 < without.low < 0.97
    absent = F1.of_confusion(np.diag([20, 30, 0])).macro()
    assert (absent.low, absent.high) == pytest.approx((without.low, without.high), abs=1e-6)


def test_copied_rows_in_groups_tell_nothing_new():
    each = counts_each(CONFUSION // 5)
    rows = len(each.rows)
    one = F1.of_units(Units(rows), each).macro()
    copies = by_count.Counts(4 * each.right, 4 * each.true, 4 * each.predicted, 4 * each.rows)
    four = F1.of_units(Units(4 * rows, np.repeat(np.arange(rows), 4)), copies).macro()
    assert four.value == pytest.approx(one.value)
    assert four.high - four.low > 0.95 * (one.high - one.low)


@pytest.mark.parametrize("right", [0.7, 0.95])
def test_the_level_holds_with_ten_rows_of_the_rarer_class(right):
    """Within 4 Monte-Carlo errors and a point of 95 %."""
    share, rng = np.array([0.1, 0.9]), np.random.default_rng(1)
    chance = share[:, None] * np.array([[right, 1 - right], [(1 - right) / 9, 1 - (1 - right) / 9]])
    truth = float(by_count.macro_f1(by_count.counts_of_confusion(chance)))
    repeats, inside = 800, 0
    for drawn in rng.multinomial(100, chance.ravel(), size=repeats).reshape(-1, 2, 2):
        found = F1.of_confusion(drawn).macro()
        inside += found.low <= truth <= found.high
    assert abs(inside / repeats - 0.95) < 0.01 + 4 * np.sqrt(0.95 * 0.05 / repeats)
