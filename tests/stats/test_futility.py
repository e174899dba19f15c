"""The chance that is left, against a simulation of the seeds to come, and what ending for want of it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tunebook.stats.futility import chance_left
from tunebook.stats.gate import Effect, MeanSquares
from tunebook.stats.sequential import spent


def effect(mean: Any, se: Any, seed_sd: Any, seeds: int) -> Effect:
    return Effect(mean, 0.0, 0.0, se, 2.0, seeds, 400, seed_sd)


@pytest.mark.parametrize(
    ("mean", "se", "seed_sd", "seeds", "end", "least"),
    [(0.012, 0.008, 0.01, 3, 10, 0.02), (0.004, 0.006, 0.008, 5, 10, 0.0), (0.018, 0.012, 0.015, 3, 5, 0.02)],
)
def test_it_is_the_share_of_futures_that_promote(
    mean: float, se: float, seed_sd: float, seeds: int, end: int, least: float
) -> None:
    """Seeds to come around the generous guess, all with a spread that k seeds make likely."""
    draw, alpha = np.random.default_rng(0), 0.0226
    spread = seed_sd * np.sqrt((seeds - 1) / draw.chisquare(seeds - 1, 200_000))
    guess = max(least, mean + seed_sd / np.sqrt(seeds))
    coming = guess + spread * draw.standard_normal(200_000) / np.sqrt(end - seeds)
    final = (seeds * mean + (end - seeds) * coming) / end
    error = np.sqrt(se**2 - seed_sd**2 / seeds + seed_sd**2 / end)
    share = ((final >= least) & (final > stats.norm.isf(alpha) * error)).mean()
    assert chance_left(effect(mean, se, seed_sd, seeds), end, alpha, least) == pytest.approx(share, abs=0.005)


def test_a_good_start_has_every_chance_and_a_bad_one_none() -> None:
    assert chance_left(effect(0.05, 0.008, 0.01, 3), 10, 0.02, 0.02) > 0.95
    assert chance_left(effect(-0.02, 0.008, 0.01, 3), 10, 0.02, 0.02) < 0.05
    assert chance_left(effect(0.01, 0.005, 0.0, 3), 10, 0.02, 0.02) == 0, "seeds that do not vary will not change it"
    assert chance_left(effect(0.03, 0.005, 0.0, 3), 10, 0.02, 0.02) == 1
    many = chance_left(effect(np.array([-0.02, 0.05]), 0.008, 0.01, 3), 10, 0.02, 0.02)
    assert many.shape == (2,) and many[0] < many[1]


def test_ending_for_want_of_chance_costs_little_power_and_saves_seeds() -> None:
    """Tests with looks at 3, 5 and 10 seeds and 400 rows, of equal tables and of one that gains four points."""
    draw, tests, looks = np.random.default_rng(0), 600, (3, 5, 10)
    level = spent(0.05, 3, (3.0, 5.0, 10.0))
    rows = draw.normal(0, 0.16, (tests, 1, 400)) + draw.normal(0, 0.25, (tests, 10, 400))
    rows += draw.normal(0, 0.007, (tests, 10, 1))
    for gain, most_lost in ((0.0, 0.0), (0.04, 0.02)):
        promoted, used = {}, {}
        for futile in (False, True):
            going, wins = np.ones(tests, bool), np.zeros(tests, bool)
            used[futile] = 0
            for look in looks:
                used[futile] += going.sum() * (look - {3: 0, 5: 3, 10: 5}[look])
                seen, mean = MeanSquares.of(rows[:, :look]), rows[:, :look].mean((1, 2)) + gain
                half, (se, _) = seen.half_width(level), seen.error(level)
                win = (mean - half > 0) & (mean >= 0.02)
                wins |= going & win
                going &= ~win & (mean + half >= 0.02)
                if futile and look < 10:
                    going &= chance_left(effect(mean, se, np.sqrt(seen.seeds / 400), look), 10, level, 0.02) >= 0.05
            promoted[futile] = wins.mean()
        assert promoted[True] <= promoted[False] <= promoted[True] + most_lost + 0.002
        assert used[True] < used[False] if gain == 0 else used[True] <= used[False]
        if gain == 0:
            assert used[True] < 0.9 * used[False] and promoted[False] < 0.05
