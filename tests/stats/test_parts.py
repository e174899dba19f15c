"""The mean over classes."""

import numpy as np
import pytest

from tunebook.stats.parts import Parts
from tunebook.stats.proportion import wilson_ends, wilson_interval

Z = 1.959964


def shares(values, rows):
    def ends(quantile):
        return wilson_ends(values, np.broadcast_to(rows, values.shape), quantile)

    return ends


def test_one_class_has_its_own_interval():
    found = Parts(np.array([0.8]), np.array([[0.004]]), shares(np.array([0.8]), 40.0)).mean(Z)
    own = wilson_interval(32, 40)
    assert (found.low, found.high) == pytest.approx((own.low, own.high), abs=1e-6)


def test_classes_that_move_together_are_as_unsure_as_one():
    values, variance = np.full(4, 0.8), 0.8 * 0.2 / 40
    found = Parts(values, np.full((4, 4), variance), shares(values, 40.0)).mean(Z)
    own = wilson_interval(32, 40)
    assert (found.low, found.high) == pytest.approx((own.low, own.high), abs=1e-6)


def test_many_classes_by_themselves_come_near_the_normal_interval():
    values, variance = np.full(400, 0.8), 0.8 * 0.2 / 40
    found = Parts(values, np.eye(400) * variance, shares(values, 40.0)).mean(Z)
    half = Z * np.sqrt(variance / 400)
    assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half), abs=half / 10)


def test_what_is_lacking_moves_both_ends_and_never_past_the_value():
    values = np.array([0.5, 0.6])
    plain = Parts(values, np.eye(2) * 0.01, shares(values, 25.0)).mean(Z)
    moved = Parts(values, np.eye(2) * 0.01, shares(values, 25.0), 0.02).mean(Z)
    assert (moved.low - plain.low, moved.high - plain.high) == pytest.approx((0.02, 0.02))
    far = Parts(values, np.eye(2) * 0.01, shares(values, 25.0), 0.9).mean(Z)
    assert far.low == far.value and far.high == 1.0


def test_a_class_without_any_variance_is_borne():
    found = Parts(np.array([1.0, 0.5]), np.diag([0.0, 0.01]), shares(np.array([1.0, 0.5]), 20.0)).mean(Z)
    assert found.low < 0.75 < found.high
