"""The calibration error's interval: what it does at calibration, and how often it holds the truth."""

import numpy as np
import pytest

from tunebook.stats.bootstrap import Units
from tunebook.stats.calibration import Gaps, calibration_error, calibration_interval


def answers(rows, seed, too_sure=0.0):
    """Confidences of .55 to .95 of which each is right less often than it says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.55, 0.95, size=rows)
    return confidence, rng.random(rows) < confidence - too_sure


@pytest.mark.parametrize("too_sure", [0.0, 0.1, 0.3])
def test_the_level_holds(too_sure):
    """At least 95 % less 4 Monte-Carlo errors and a point; the error seen is too high in more than half of them."""
    repeats, inside, above = 200, 0, 0
    for seed in range(repeats):
        confidence, right = answers(200, seed, too_sure)
        found = calibration_interval(confidence, right, Units(200))
        inside += found.low <= too_sure <= found.high
        above += found.value > too_sure
        assert found.value == pytest.approx(calibration_error(confidence, right))
    assert inside / repeats > 0.94 - 4 * np.sqrt(0.95 * 0.05 / repeats)
    assert above / repeats > (0.5 if too_sure else 0.99)


def test_calibrated_answers_have_the_lower_end_0_and_others_not():
    assert calibration_interval(*answers(300, 0), Units(300)).low == 0
    sure = calibration_interval(*answers(300, 0, 0.4), Units(300))
    assert 0.3 < sure.low < sure.value < sure.high < 0.5


def test_with_many_rows_little_is_left_to_chance():
    found = calibration_interval(*answers(20_000, 1, 0.2), Units(20_000))
    assert found.low > 0.18 and found.high < 0.22


def test_answers_without_an_error_may_yet_err():
    found = calibration_interval(np.full(50, 0.99), np.ones(50, bool), Units(50))
    assert found.low == 0 and 0.03 < found.high < 0.1


def test_groups_widen_and_the_draws_follow_their_correlations():
    confidence, right = answers(400, 3, 0.2)
    groups = Units(400, np.arange(400) // 20)
    alone, together = (calibration_interval(confidence, right, units) for units in (Units(400), groups))
    assert together.high - together.low > alone.high - alone.low
    gaps = Gaps.of(confidence, right, groups)
    assert gaps.normals.std(0) == pytest.approx(np.ones(len(gaps.weight)), abs=0.12)
    assert gaps.sample < 400


def test_no_number_has_no_interval():
    assert calibration_interval(np.array([np.nan, 0.5]), np.array([1, 0]), Units(2)) is None


def test_the_same_answers_have_the_same_interval():
    confidence, right = answers(100, 5)
    assert calibration_interval(confidence, right, Units(100)) == calibration_interval(confidence, right, Units(100))
