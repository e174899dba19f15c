"""Krippendorff's alpha against the package of that name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunebook.stats.agreement import alpha, alpha_interval


@pytest.mark.parametrize("scale", ["nominal", "ranked"])
@pytest.mark.parametrize("seed", range(4))
def test_alpha_agrees_with_krippendorff(scale, seed):
    krippendorff = pytest.importorskip("krippendorff")
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 3, size=(25, 5))
    expected = krippendorff.alpha(
        value_counts=counts, level_of_measurement={"ranked": "ordinal"}.get(scale, scale), value_domain=[1, 2, 3, 4, 5]
    )
    assert alpha(counts, scale) == pytest.approx(expected)


def test_perfect_agreement_is_one_and_chance_about_zero():
    same = np.eye(3)[np.arange(30) % 3] * 2
    assert alpha(same, "nominal") == 1.0
    rng = np.random.default_rng(0)
    random = np.eye(3)[rng.integers(3, size=400)] + np.eye(3)[rng.integers(3, size=400)]
    found = alpha_interval(random, "nominal")
    assert found.low < 0 < found.high and abs(found.value) < 0.1


@pytest.mark.parametrize("counts", [np.eye(3), np.zeros((0, 3)), np.array([[2, 0], [2, 0]])])
def test_alpha_says_nothing_without_two_ratings_or_two_values(counts):
    assert math.isnan(alpha(counts, "ranked"))
    assert math.isnan(alpha_interval(counts, "nominal").low)


def test_more_units_narrow_the_interval():
    rng = np.random.default_rng(3)

    def width(units):
        counts = np.eye(2)[rng.integers(2, size=units)] + np.eye(2)[rng.integers(2, size=units)]
        found = alpha_interval(counts, "nominal")
        return found.high - found.low

    assert width(400) < width(20)


def test_units_that_belong_together_are_drawn_together():
    """Units of a group say the same: the interval is that of one of each, and of a single group there is none."""
    rng = np.random.default_rng(5)
    few = np.eye(2)[rng.integers(2, size=25)] + np.eye(2)[rng.integers(2, size=25)]
    many = np.concatenate([np.repeat(few, 8, axis=0), np.eye(2)[[0]]])  # and one that nobody saw twice
    groups = np.append(np.repeat(np.arange(25), 8), 99)
    alike, apart = alpha_interval(many, "nominal", groups=groups), alpha_interval(many, "nominal")
    alone = alpha_interval(few, "nominal")
    assert alike.high - alike.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert alike.high - alike.low > 2 * (apart.high - apart.low)
    assert math.isnan(alpha_interval(few, "nominal", groups=np.zeros(25)).low)
