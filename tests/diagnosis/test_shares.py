"""Shares with their intervals, and how far they are apart."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Interval
from tunebook.diagnosis.shares import apart, share_of
from tunebook.stats.bootstrap import Units
from tunebook.stats.influence import mean_interval
from tunebook.stats.proportion import wilson_interval


def test_a_share_of_yes_and_no_has_wilsons_interval() -> None:
    mass = np.array([1.0, 0, 0, 1, 0])
    assert share_of(mass, Units.of(5, None)) == wilson_interval(2, 5)
    assert share_of(mass, Units.of(5, None), np.array([True, True, False, False, False])) == wilson_interval(1, 2)
    assert share_of(mass, Units.of(5, None), np.zeros(5, dtype=bool)) is None


def test_groups_widen_it() -> None:
    mass = np.repeat([1.0, 0, 0, 1, 0, 0], 20)
    alone = share_of(mass, Units.of(120, None))
    grouped = share_of(mass, Units.of(120, np.repeat(np.arange(6), 20)))
    assert alone is not None
    assert grouped is not None
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_mean_of_parts_stays_between_its_ends() -> None:
    mass = np.array([0.0, 0.1, 0.05, 0.9])
    found = share_of(mass, Units.of(4, None))
    free = mean_interval(mass, Units.of(4, None))
    assert found is not None
    assert found.value == pytest.approx(0.2625)
    assert (found.low, found.high) == (max(0.0, free.low), min(1.0, free.high))


def test_newcombes_example() -> None:
    """56/70 against 48/80, table II of the paper, case (a): method 10 gives 0.0524 to 0.3339."""
    found = apart(wilson_interval(56, 70), wilson_interval(48, 80))
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-4)
    ends = Interval(value=1, low=1, high=1)
    assert apart(ends, Interval(value=0, low=0, high=0)).high == 1
