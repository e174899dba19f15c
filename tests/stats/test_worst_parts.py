"""Parts of the rows that are worse than the rest: by hand, by brute force, and how often a wrong one is named."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tunebook.stats.bootstrap import Units
from tunebook.stats.worst_parts import parts_of, root_ratio, worse_parts


def ratio_by_hand(mass: list[float], inside: list[bool]) -> float:
    """The signed root, from the likelihoods of coins themselves."""

    def log_likelihood(values: list[float], share: float) -> float:
        found = 0.0
        for value in values:
            found += value * math.log(share) if value else 0.0
            found += (1 - value) * math.log(1 - share) if value < 1 else 0.0
        return found

    part = [value for value, one in zip(mass, inside, strict=True) if one]
    rest = [value for value, one in zip(mass, inside, strict=True) if not one]
    both = [sum(side) / len(side) for side in (part, rest)]
    apart = log_likelihood(part, both[0]) + log_likelihood(rest, both[1])
    together = log_likelihood(mass, sum(mass) / len(mass))
    return math.copysign(math.sqrt(max(0.0, 2 * (apart - together))), both[0] - both[1])


@pytest.mark.parametrize("inside", [[1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 1, 1], [1, 0, 0, 0, 0, 0, 1]])
def test_the_statistic_is_that_of_two_coins(inside: list[int]) -> None:
    mass = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    chosen = np.array(inside, dtype=bool)
    found = root_ratio(np.array(mass)[chosen].sum(), np.array(chosen.sum()), sum(mass), len(mass))
    assert float(found) == pytest.approx(ratio_by_hand(mass, list(map(bool, inside))), abs=1e-9)


def test_p_values_are_those_of_all_permutations() -> None:
    mass = np.array([1, 1, 1, 0, 0, 0, 0, 0], dtype=float)
    masks = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 1, 0, 0]], dtype=bool)
    seen = np.array([ratio_by_hand(mass.tolist(), mask.tolist()) for mask in masks])
    order = np.argsort(-seen)
    beyond, count = np.zeros(3), 0
    for chosen in itertools.combinations(range(8), 3):
        dealt = np.zeros(8)
        dealt[list(chosen)] = 1
        drawn = np.array([ratio_by_hand(dealt.tolist(), mask.tolist()) for mask in masks])[order]
        beyond += [drawn[place:].max() >= seen[order[place]] - 1e-9 for place in range(3)]
        count += 1
    exact = np.empty(3)
    exact[order] = np.maximum.accumulate(beyond / count)
    found = worse_parts(parts_of(masks), mass, Units.of(8, None), draws=4000)
    assert np.allclose(found.statistic, seen)
    assert np.allclose(found.p_value, exact, atol=0.03)


def test_a_planted_part_is_found_among_many() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((300, 600)) < 0.1
    mass = (rng.random(600) < np.where(masks[7], 0.6, 0.1)).astype(float)
    found = worse_parts(parts_of(masks), mass, Units.of(600, None), draws=499)
    assert int(found.statistic.argmax()) == 7
    assert found.p_value[7] < 0.01
    assert (np.delete(found.p_value, 7) > 0.05).mean() > 0.97
    assert (worse_parts(parts_of(masks), 1 - mass, Units.of(600, None), draws=99).p_value > 0.05).all()


@pytest.mark.parametrize("groups", [0, 60])
def test_a_part_is_rarely_named_where_all_are_alike(groups: int) -> None:
    """Of 100 searches in rows without any bad part one in twenty may name one; 13 would be rarer than 1 in 1000."""
    rng, named = np.random.default_rng(3), 0
    for trial in range(100):
        codes = np.sort(rng.integers(0, groups, 240)) if groups else None
        chance = np.full(240, 0.2) if codes is None else rng.beta(0.4, 1.6, groups)[codes]
        mass = (rng.random(240) < chance).astype(float)
        masks = rng.random((60, 240)) < rng.choice([0.05, 0.1, 0.3], 60)[:, None]
        if codes is not None:
            masks[:30] = (rng.random((30, groups)) < 0.2)[:, codes]
        found = worse_parts(parts_of(masks), mass, Units.of(240, codes), draws=99, seed=trial)
        named += bool(found.p_value.min() <= 0.05)
    assert named <= 13


def test_one_bad_group_is_no_bad_part() -> None:
    """Its rows say the same thing thirty times."""
    codes = np.repeat(np.arange(20), 30)
    mass = np.where(codes == 4, 1.0, np.random.default_rng(0).random(600) < 0.1).astype(float)
    part = parts_of((codes == 4)[None, :])
    assert worse_parts(part, mass, Units.of(600, codes)).p_value[0] > 0.3
    assert worse_parts(part, mass, Units.of(600, None)).p_value[0] < 0.001


def test_nothing_to_search() -> None:
    assert len(worse_parts(parts_of(np.zeros((0, 5))), np.ones(5), Units.of(5, None)).p_value) == 0
    assert worse_parts(parts_of(np.zeros((1, 0))), np.ones(0), Units.of(0, None)).p_value.tolist() == [1.0]
