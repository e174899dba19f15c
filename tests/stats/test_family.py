"""Errors of many tables at once: against the multivariate normal distribution and simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from tunebook.core.errors import PlanError
from tunebook.stats.family import family_error


@pytest.mark.parametrize(("tables", "alpha"), [(1, 0.05), (2, 0.05), (5, 0.0226), (8, 0.1)])
def test_one_proof_is_that_of_the_multivariate_normal(tables, alpha):
    covariance = np.full((tables, tables), 0.5) + 0.5 * np.eye(tables)
    law = stats.multivariate_normal(np.zeros(tables), covariance, abseps=1e-6, releps=1e-6, maxpts=400_000)
    assert family_error(tables, alpha) == pytest.approx(1 - law.cdf(np.full(tables, -ndtri(alpha))), abs=5e-5)


def test_two_proofs_are_those_of_a_simulation():
    rng, draws = np.random.default_rng(0), 200_000
    passed = np.ones((draws, 20), dtype=bool)
    for _ in range(2):
        gains = rng.standard_normal((draws, 20), dtype=np.float32) - rng.standard_normal((draws, 1), dtype=np.float32)
        passed &= gains / np.sqrt(2) > -ndtri(0.05)
    seen = passed.any(1).mean()
    assert family_error(20, 0.05, proofs=2) == pytest.approx(seen, abs=4 * np.sqrt(seen * (1 - seen) / draws))


def test_ends():
    assert family_error(0, 0.05) == pytest.approx(0) and family_error(0, 0.05, proofs=2) == pytest.approx(0)
    assert family_error(1, 0.05, proofs=2) == pytest.approx(0.05**2)
    assert 0.3 < family_error(20, 0.05) < 1 - 0.95**20
    with pytest.raises(PlanError):
        family_error(3, 0.7)
