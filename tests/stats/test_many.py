"""The benchmark of many tables, on few draws: it counts what it says, and the implied error is about what is seen."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.many import Design, cells, gains, rates

from tunebook.stats.sequential import family_error


def test_both_proofs_are_counted_from_the_same_draws() -> None:
    passed = np.array([[True, False], [False, False], [True, True], [False, True]])
    confirmed = np.array([[True, True], [True, True], [False, False], [False, False]])
    used = np.array([[3, 5], [3, 3], [5, 5], [5, 5]])
    found = rates(Design(), passed, confirmed, used)
    assert (found["validation_only"], found["with_fresh_seeds"]) == (0.75, 0.25)
    assert found["trainings"] == pytest.approx((8 + 6 + 10 + 10) / 4 + (5 + 3 + 5 + 5) / 4)
    assert found["trainings_with_fresh_seeds"] == pytest.approx(found["trainings"] + 5 * (4 + 3) / 4)
    assert found["openings"] == {"1": 0.5, "2": 0.5}


def test_the_gains_are_those_asked_for() -> None:
    seen = gains(Design(), (40, 2, 800), 0.04, np.random.default_rng(0))
    assert seen.shape == (40, 2, 5, 800) and set(np.unique(seen)) <= {-1.0, 0.0, 1.0}
    assert seen.mean() == pytest.approx(0.04, abs=0.004)


def test_two_proofs_keep_what_one_does_not() -> None:
    (found,) = cells(Design(draws=150, tables=10, rows=(200,), deltas=(0.0,)), 200, 10, 0.0)
    error = np.sqrt(0.2 * 0.8 / 150)
    assert found["validation_only"] < family_error(10, 0.05) + 3 * error
    assert found["with_fresh_seeds"] <= 0.05 and found["with_fresh_seeds"] <= found["validation_only"]
