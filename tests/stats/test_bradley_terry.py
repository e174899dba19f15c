"""Strengths against scipy's search over Davidson's likelihood, and known cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from tunebook.stats.bradley_terry import Duels, fit, strength_intervals


def duels(count, players, seed=0, gain=0.5, ties=0.3):
    rng = np.random.default_rng(seed)
    ends = np.array([rng.choice(players, 2, replace=False) for _ in range(count)])
    edge = gain * (ends[:, 0] - ends[:, 1])
    won = np.where(rng.random(count) < 1 / (1 + np.exp(-edge)), 1, -1)
    won[rng.random(count) < ties] = 0
    return Duels(ends[:, 0], ends[:, 1], won, np.ones(count), players)


def by_search(told):
    """Davidson's model written out as it is defined, and searched."""

    def loss(place):
        p = np.exp(np.append(place[:-1], -place[:-1].sum()))
        nu = np.exp(place[-1])
        a, b = p[told.first], p[told.second]
        tied = nu * np.sqrt(a * b)
        chosen = np.where(told.won > 0, a, np.where(told.won < 0, b, tied))
        return -np.log(chosen / (a + b + tied)).sum()

    found = minimize(loss, np.zeros(told.players), method="BFGS", options={"gtol": 1e-8}).x
    return np.append(found[:-1], -found[:-1].sum()), found[-1]


@pytest.mark.parametrize("players", [2, 4])
def test_strengths_agree_with_a_search_of_the_likelihood(players):
    told = duels(200, players)
    found, (strength, tie) = fit(told), by_search(told)
    assert found.strength == pytest.approx(strength, abs=1e-4)
    assert found.tie == pytest.approx(tie, abs=1e-4)
    assert not found.penalised and found.strength.sum() == pytest.approx(0)


def test_two_players_without_ties_have_the_log_odds():
    told = Duels(np.zeros(10, int), np.ones(10, int), np.array([1] * 7 + [-1] * 3), np.ones(10), 2)
    found = fit(told)
    assert found.strength[0] - found.strength[1] == pytest.approx(np.log(7 / 3))
    assert found.tie == -np.inf


def test_weights_count_as_often():
    told = Duels(np.zeros(2, int), np.ones(2, int), np.array([1, -1]), np.array([3.0, 1.0]), 2)
    assert np.diff(fit(told).strength)[0] == pytest.approx(-np.log(3))


def test_a_step_that_goes_too_far_is_halved():
    ends, won = np.array([[2, 0], [2, 1], [0, 1]]), np.array([0, -1, 0])
    told = Duels(ends[:, 0], ends[:, 1], won, np.array([0.001, 1.0, 0.01]), 3)
    found = fit(told)
    assert np.isfinite(found.strength).all() and found.strength[1] > found.strength[2]


@pytest.mark.parametrize("won", [np.ones(5, int), np.zeros(5, int)])
def test_one_that_always_wins_or_only_ties_is_held_back(won):
    told = Duels(np.zeros(5, int), np.ones(5, int), won, np.ones(5), 2)
    found = fit(told)
    assert found.penalised and np.isfinite(found.strength).all()
    assert (found.strength[0] > found.strength[1]) == bool(won.any())


def test_a_chain_of_wins_is_connected_only_with_a_way_back():
    chain = Duels(np.array([0, 1]), np.array([1, 2]), np.array([1, 1]), np.ones(2), 3)
    assert not chain.connected()
    back = Duels(np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([1, 1, 1]), np.ones(3), 3)
    assert back.connected()
    with pytest.raises(ValueError, match="no comparisons"):
        fit(Duels(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros(0), 2))


def test_the_influence_is_what_leaving_a_comparison_out_changes():
    told = duels(150, 3, seed=2)
    found = fit(told)
    keep = np.arange(150) != 7
    less = fit(Duels(told.first[keep], told.second[keep], told.won[keep], told.weight[keep], 3))
    assert (found.strength - less.strength) * 149 == pytest.approx(found.influence[7], abs=0.05)


def test_of_one_rater_the_interval_is_that_of_drawing_rows_again():
    told = duels(150, 3, seed=4)
    found, rng = strength_intervals(told, np.arange(150), np.zeros(150)), np.random.default_rng(0)
    drawn = []
    for _ in range(100):
        rows = rng.integers(150, size=150)
        drawn.append(fit(Duels(told.first[rows], told.second[rows], told.won[rows], told.weight[rows], 3)).strength)
    spread = 1.96 * np.std(drawn, axis=0)
    assert [(one.high - one.low) / 2 for one in found] == pytest.approx(spread, rel=0.25)


def test_intervals_hold_true_strengths():
    """Of 60 simulated studies with three runs nearly all hold the strength of the best one."""
    held = 0
    for seed in range(60):
        told = duels(150, 3, seed, gain=0.6, ties=0.0)
        found = strength_intervals(told, np.arange(150), np.arange(150) % 5)
        held += found[2].low <= 0.6 <= found[2].high
    assert held >= 53


def test_comparisons_of_a_group_count_once():
    told, often = duels(60, 3, seed=6), 5
    more = Duels(*(np.repeat(side, often) for side in (told.first, told.second, told.won, told.weight)), 3)
    rows, single = np.arange(60 * often), np.zeros(60 * often)
    alone = strength_intervals(told, np.arange(60), np.zeros(60))
    grouped = strength_intervals(more, rows, single, groups=rows // often)
    ungrouped = strength_intervals(more, rows, single)
    for one, two, three in zip(alone, grouped, ungrouped, strict=True):
        assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.01)
        assert three.high - three.low < 0.6 * (one.high - one.low)
