"""Strengths of what was compared two by two, ties among the outcomes: Bradley and Terry's model in Davidson's form.

The chance of i over j is p_i / (p_i + p_j + nu sqrt(p_i p_j)), that of a tie nu sqrt(p_i p_j) over the same. With the
strength s = log p this is a logit model that is linear in s and log nu, so that its likelihood has one top.

Source: Bradley and Terry, Rank analysis of incomplete block designs, 1952; Davidson, On extending the Bradley-Terry
model to accommodate ties, 1970; Ford, Solution of a ranking problem from binary comparisons, 1957.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.raters import Crossed, spread_of

Array = NDArray[Any]
_PENALTY = 0.25  # a prior of strengths with a standard deviation of 2, used where they would run away
_TINY = 1e-9
_STEPS, _STILL, _LEAST = 200, 1e-12, 1e-6


@dataclass(frozen=True)
class Duels:
    """M comparisons; arrays of shape (M,).

    Attributes:
        first, second: numbers of the two that were compared; won: 1 the first, -1 the second, 0 none.
        weight: how much each counts; players: how many there are in all.
    """

    first: Array
    second: Array
    won: Array
    weight: Array
    players: int

    def connected(self) -> bool:
        """Whether each has beaten or tied every other over some chain: else strengths have no end."""
        beats = np.eye(self.players, dtype=bool)
        beats[self.first[self.won >= 0], self.second[self.won >= 0]] = True
        beats[self.second[self.won <= 0], self.first[self.won <= 0]] = True
        for _ in range(self.players.bit_length() + 1):
            beats = (beats.astype(np.int64) @ beats.astype(np.int64)) > 0
        return bool(beats.all())


@dataclass(frozen=True)
class Strengths:
    """What the comparisons say.

    Attributes:
        strength: log strengths, their mean 0, shape (players,); tie: log nu, -inf where nothing tied.
        penalised: they were held back, since one never lost, or all tied.
        influence: what each comparison, counted once, adds to each strength, shape (M, players).
    """

    strength: Array
    tie: float
    penalised: bool
    influence: Array


def fit(duels: Duels) -> Strengths:
    """Strengths at the top of the likelihood; with a penalty where they would run away.

    Raises:
        ValueError: no comparisons.
    """
    if not len(duels.won):
        raise ValueError("no comparisons")
    ties = bool((duels.won == 0).any())
    penalised = not duels.connected() or bool((duels.won == 0).all())
    total = float(duels.weight.sum())
    weight = duels.weight * (len(duels.won) / total)
    design = _design(duels, ties)
    chosen = np.where(duels.won > 0, 0, np.where(duels.won < 0, 1, 2))
    ridge = np.full(design.shape[2], _PENALTY if penalised else _TINY)
    ridge[duels.players :] = _PENALTY if penalised else _TINY
    found, bent = _top(design, chosen, weight, ridge)
    chances = _chances(design, found)
    slope = design[np.arange(len(chosen)), chosen] - np.einsum("mo,mop->mp", chances, design)
    influence = (len(chosen) * np.linalg.pinv(bent) @ slope.T).T[:, : duels.players]
    influence -= influence.mean(1, keepdims=True)
    strength = found[: duels.players]
    tie = float(found[-1]) if ties else float("-inf")
    return Strengths(strength - strength.mean(), tie, penalised, influence)


def _design(duels: Duels, ties: bool) -> Array:
    """Utilities of the outcomes first, second, tie as linear forms of the strengths and log nu, (M, outcomes, P)."""
    count, outcomes = len(duels.won), 3 if ties else 2
    found = np.zeros((count, outcomes, duels.players + ties))
    every = np.arange(count)
    found[every, 0, duels.first] = 1.0
    found[every, 1, duels.second] = 1.0
    if ties:
        found[every, 2, duels.first] = found[every, 2, duels.second] = 0.5
        found[:, 2, -1] = 1.0
    return found


def _chances(design: Array, at: Array) -> Array:
    utility = design @ at
    raised = np.exp(utility - utility.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def _top(design: Array, chosen: Array, weight: Array, ridge: Array) -> tuple[Array, Array]:
    """Newton's steps, halved where they overshoot; and the curvature at the top."""
    every, at = np.arange(len(chosen)), np.zeros(design.shape[2])

    def height(place: Array) -> float:
        chances = _chances(design, place)[every, chosen]
        return float(weight @ np.log(np.maximum(chances, 1e-300)) - 0.5 * ridge @ place**2)

    def bend(chances: Array) -> Array:
        mean = np.einsum("mo,mop->mp", chances, design)
        square = np.einsum("m,mo,mop,moq->pq", weight, chances, design, design)
        return np.asarray(square - np.einsum("m,mp,mq->pq", weight, mean, mean) + np.diag(ridge))

    def climb(place: Array) -> tuple[Array, float]:
        """Newton's step, and twice what it promises to climb."""
        chances = _chances(design, place)
        slope = weight @ (design[every, chosen] - np.einsum("mo,mop->mp", chances, design)) - ridge * place
        step: Array = np.linalg.lstsq(bend(chances), slope, rcond=None)[0]
        return step, float(slope @ step)

    (step, left), turns = climb(at), 0
    while left >= _STILL and turns < _STEPS:
        size, here = 1.0, height(at)
        while size > _LEAST and height(at + size * step) < here:
            size /= 2
        at = at + size * step
        (step, left), turns = climb(at), turns + 1
    at = at + step
    return at, bend(_chances(design, at))


def strength_intervals(
    duels: Duels, rows: Array, raters: Array, *, groups: Array | None = None, level: float = 0.95
) -> list[Interval]:
    """Each strength with its interval over rows and raters, by the influence of each comparison.

    Args:
        rows, raters: names of the row and the rater of each comparison, shape (M,). Weights are those that give each
            row the same. groups: of rows that were drawn together.
    """
    crossed = Crossed.of(rows, raters, groups)
    told = Duels(duels.first, duels.second, duels.won, crossed.weight, duels.players)
    found = fit(told)
    halves = [spread_of(part, crossed).half(level) for part in found.influence.T]
    return [
        Interval(value=float(value), low=float(value) - half, high=float(value) + half)
        for value, half in zip(found.strength, halves, strict=True)
    ]


__all__ = ["Duels", "Strengths", "fit", "strength_intervals"]
