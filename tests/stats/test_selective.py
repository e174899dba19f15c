"""Bounds of error rates against SciPy's binomial, the curve against counting, and the guarantee against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from sklearn.metrics import accuracy_score

from tunebook.stats.bootstrap import Units
from tunebook.stats.selective import area, area_interval, curve, error_bound, least_sure

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize(("errors", "given"), [(0, 20), (3, 50), (40, 400)])
def test_the_bound_is_that_of_clopper_and_pearson(errors: int, given: int) -> None:
    bound = error_bound(errors, given, 0.05)
    assert binom.cdf(errors, given, bound) == pytest.approx(0.05)
    assert bound == pytest.approx(binomtest(errors, given).proportion_ci(0.9, "exact").high)
    assert error_bound(given, given, 0.05) == error_bound(0, 0, 0.05) == 1.0


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Scores that are the chance to be right."""
    score = DRAW.uniform(0.5, 1, count)
    return score, DRAW.random(count) < score


def test_the_curve_counts_and_its_area_is_their_mean() -> None:
    score, right = rows(300)
    coverage, risk = curve(score, right)
    for given in (1, 50, 300):
        best = np.argsort(-score)[:given]
        assert risk[given - 1] == pytest.approx(1 - accuracy_score(np.ones(given), right[best]))
        assert coverage[given - 1] == given / 300
    assert area(score, right) == pytest.approx(risk.mean())
    ends = area_interval(score, right, Units(300))
    assert ends.low < ends.value < ends.high
    alike = np.full(300, 0.7)
    np.testing.assert_allclose(curve(alike, right)[1], 1 - right.mean()), "no order of answers that score the same"


def test_the_score_is_the_lowest_that_keeps_the_bound() -> None:
    score, right = rows(2000)
    found = least_sure(score, right, 0.1, 0.05)
    assert found is not None and found.bound <= 0.1
    given = score >= found.score
    assert (given.sum(), (~right[given]).sum()) == (found.given, found.errors)
    assert found.errors / found.given < 0.1
    assert least_sure(score, right, 0.001, 0.05) is None
    every = least_sure(score, right, 0.5, 0.05)
    assert every is not None and every.given == 2000 and every.score == score.min()


def test_answers_of_one_score_are_given_together() -> None:
    score, right = np.repeat([0.9, 0.6], 100), np.append(np.ones(100), np.zeros(100)) > 0
    found = least_sure(score, right, 0.1, 0.05)
    assert found is not None and (found.given, found.errors) == (100, 0) and 0.6 < found.score < 0.9


def test_the_error_rate_is_above_its_bound_in_no_more_samples_than_allowed() -> None:
    """Of what is given by scores that are true chances the error rate is known: the mean of 1 - score."""
    missed = 0
    for _ in range(200):
        score, right = rows(400)
        found = least_sure(score, right, 0.2, 0.1)
        if found is not None:
            low = max(found.score, 0.5)
            missed += (1 - (1 + low) / 2) > found.bound
    assert missed <= 20
