"""Calibration error against a slow reading of its definition."""

import numpy as np
import pytest
from scipy.special import log_softmax as oracle

from tunebook.stats.calibration import calibration_error, log_softmax, reliability, sigmoid, softmax


def slow_error(confidence, right, bins):
    total = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if i == 0:
            inside |= confidence == 0
        if inside.any():
            total += inside.sum() * abs(confidence[inside].mean() - right[inside].mean())
    return total / len(confidence)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_error_is_its_definition(bins):
    rng = np.random.default_rng(bins)
    confidence = rng.random(2000)
    right = rng.random(2000) < confidence**1.5
    assert calibration_error(confidence, right, bins) == pytest.approx(slow_error(confidence, right, bins))


def test_a_calibrated_answer_has_no_error_and_a_boastful_one_its_distance():
    assert calibration_error(np.full(100, 0.75), np.arange(100) < 75) == pytest.approx(0)
    assert calibration_error(np.full(100, 0.95), np.arange(100) < 60) == pytest.approx(0.35)


def test_both_ends_of_the_scale_have_a_bin():
    table = reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert (table[0].count, table[-1].count) == (1, 1)
    assert np.isnan(table[5].accuracy)
    assert (table[0].low, table[-1].high) == (0.0, 1.0)


def test_log_softmax_agrees_with_scipy_and_stands_large_logits():
    logits = np.random.default_rng(0).normal(scale=300, size=(20, 6))
    assert log_softmax(logits) == pytest.approx(oracle(logits, axis=1))
    assert softmax(logits).sum(1) == pytest.approx(np.ones(20))


def test_infinite_logits_give_nan_without_a_warning():
    assert np.isnan(softmax(np.array([[np.inf, 0.0]]))).any()
    assert np.isnan(calibration_error(np.array([np.nan]), np.array([True])))


def test_sigmoid_is_exact_at_both_ends():
    values = sigmoid(np.array([-1000.0, -40.0, 0.0, 1000.0]))
    assert values.tolist() == [0.0, pytest.approx(np.exp(-40.0), rel=1e-12), 0.5, 1.0]
