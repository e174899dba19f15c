"""Matthews correlation and kappa: their derivatives by brute force, their level by simulation."""

import numpy as np
import pytest

from tunebook.stats import confusion as agreement
from tunebook.stats import counts as by_count
from tunebook.stats.bootstrap import Units
from tunebook.stats.confusion import kappa_interval, mcc_interval

CONFUSION = np.array([[60, 8, 2], [5, 30, 4], [1, 3, 12]])


def rows_of(confusion):
    return tuple(np.repeat(part, confusion.ravel()) for part in np.indices(confusion.shape).reshape(2, -1))


@pytest.mark.parametrize(
    ("moves", "score"),
    [
        (agreement._mcc_moves, lambda matrix: by_count.mcc(by_count.counts_of_confusion(matrix))),
        (agreement._kappa_moves, by_count.quadratic_kappa),
    ],
)
def test_moves_are_derivatives(moves, score):
    matrix, step = CONFUSION.astype(float), 1e-4
    found = moves(matrix)
    for place in np.ndindex(3, 3):
        more = matrix.copy()
        more[place] += step
        assert found[place] == pytest.approx((float(score(more)) - float(score(matrix))) / step, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize(
    ("interval", "score"),
    [
        (mcc_interval, lambda drawn: by_count.mcc(by_count.counts_of_confusion(drawn))),
        (kappa_interval, by_count.quadratic_kappa),
    ],
)
def test_with_many_rows_the_interval_is_that_of_the_bootstrap(interval, score):
    matrix = CONFUSION * 20
    size = matrix.sum()
    drawn = np.random.default_rng(0).multinomial(size, matrix.ravel() / size, size=20_000).reshape(-1, 3, 3)
    found = interval(*rows_of(matrix), 3, Units(int(size)))
    assert (found.low, found.high) == pytest.approx(np.quantile(score(drawn), [0.025, 0.975]), abs=0.003)
    assert found.value == pytest.approx(float(score(matrix)))


@pytest.mark.parametrize("interval", [mcc_interval, kappa_interval])
def test_no_error_is_not_taken_for_certainty(interval):
    true = np.arange(60) % 3
    found = interval(true, true, 3, Units(60))
    assert found.value == pytest.approx(1) and found.high == pytest.approx(1) and 0.7 < found.low < 0.97


def test_one_class_only():
    same = np.zeros(20, dtype=np.int64)
    assert np.isnan(kappa_interval(same, same, 3, Units(20)).low)
    found = mcc_interval(same, same, 3, Units(20))
    assert found.low < found.value == 0 < found.high


@pytest.mark.parametrize("interval", [mcc_interval, kappa_interval])
def test_copied_rows_in_groups_tell_nothing_new(interval):
    true, given = rows_of(CONFUSION)
    rows = len(true)
    one = interval(true, given, 3, Units(rows))
    four = interval(np.repeat(true, 4), np.repeat(given, 4), 3, Units(4 * rows, np.repeat(np.arange(rows), 4)))
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.004)


def test_the_level_of_mcc_holds_at_few_errors():
    """Ten rows of the rarer class: within 4 Monte-Carlo errors and a point of 95 %."""
    chance = np.array([[0.88, 0.02], [0.01, 0.09]])
    truth = float(by_count.mcc(by_count.counts_of_confusion(chance)))
    repeats, inside = 800, 0
    for drawn in np.random.default_rng(1).multinomial(100, chance.ravel(), size=repeats).reshape(-1, 2, 2):
        found = mcc_interval(*rows_of(drawn), 2, Units(100))
        inside += found.low <= truth <= found.high
    assert abs(inside / repeats - 0.95) < 0.01 + 4 * np.sqrt(0.95 * 0.05 / repeats)
