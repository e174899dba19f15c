"""LOOKS: equal tables of which one looks more often at the validation rows, by simulation.

The answers are drawn by the model in `benchmarks/answers.py`; what an answer has of its own is shared out between its
run and the look: the looks of a run are equally good, and differ by chance. A run keeps its best look, as a training
does. Scored on the rows that chose it (before), or each row by the look that the other folds choose (after).

    python -m benchmarks LOOKS [--draws 3000]
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from benchmarks.answers import ARM, LEVEL, OWN, SHARED
from benchmarks.gate import verdicts
from benchmarks.record import given, write_result
from tunebook.stats.bootstrap import folds_of
from tunebook.stats.gate import MeanSquares

Array = NDArray[Any]
CHUNK = 40
ALPHA, SEEDS = 0.05, 5


@dataclass(frozen=True)
class Case:
    """A test that is simulated.

    Attributes:
        looks: of a run of A and of a run of B.
        nested: both arms are the same trainings, and A's looks are some of B's.
        turn: share of an answer's own variance that changes from look to look.
        gain: true gain of B, as a share.
        patience: B's runs end after so many looks without a better one; 0 for never.
    """

    looks: tuple[int, int]
    rows: int = 500
    nested: bool = False
    turn: float = 0.5
    gain: float = 0.0
    patience: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """Its fields for a result."""
        return {**self.__dict__, "looks": list(self.looks)}


EQUAL = [
    Case((1, 1)),
    *(Case(looks, rows, nested) for rows in (200, 500) for looks in ((1, 10), (3, 30)) for nested in (False, True)),
    *(Case((1, 10), nested=nested, turn=1.0) for nested in (False, True)),
    *(Case((1, 30), patience=patience) for patience in (1, 2, 3)),
]
BETTER = [Case(looks, gain=gain) for gain in (0.02, 0.04) for looks in ((1, 1), (3, 3), (10, 10), (1, 10), (10, 1))]


def right(case: Case, draws: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Whether each look of A and of B answers each row rightly, two arrays (draws, K, looks, N)."""

    def normal(variance: float, *shape: int) -> Array:
        return rng.standard_normal((draws, *shape), dtype=np.float32) * np.float32(math.sqrt(variance))

    rows, own, turned = normal(SHARED, 1, 1, case.rows), (1 - case.turn) * OWN, case.turn * OWN
    of_arm, of_run, arms = normal(ARM, 1, 1, case.rows), normal(own, SEEDS, 1, case.rows), []
    for arm, looks in enumerate(case.looks):
        if not case.nested:
            of_arm, of_run = normal(ARM, 1, 1, case.rows), normal(own, SEEDS, 1, case.rows)
        level = float(ndtri(ndtr(LEVEL) + arm * case.gain))
        arms.append(rows + of_arm + of_run + normal(turned, SEEDS, looks, case.rows) > -level)
    a, b = arms
    return (b[:, :, :: case.looks[1] // case.looks[0]], b) if case.nested else (a, b)


def seen(hits: Array, patience: int) -> Array:
    """Whether each look was taken (draws, K, looks) before early stopping ended the run."""
    score = hits.sum(-1)
    best = np.maximum.accumulate(score, axis=-1)
    new = np.concatenate([np.ones_like(best[..., :1], bool), score[..., 1:] > best[..., :-1]], axis=-1)
    number = np.arange(score.shape[-1])
    last = np.maximum.accumulate(np.where(new, number, 0), axis=-1)
    stops = number - last >= patience if patience else np.zeros_like(new)
    return np.cumsum(stops, axis=-1) - stops == 0


def before(hits: Array, taken: Array) -> Array:
    """Answers of the first best look on all rows, (draws, K, N)."""
    chosen = np.where(taken, hits.sum(-1, dtype=np.float32), -1).argmax(-1)
    return np.take_along_axis(hits, chosen[..., None, None], axis=-2)[..., 0, :]


def after(hits: Array, taken: Array, folds: int) -> Array:
    """Answers of the first best look on all other folds, (draws, K, N)."""
    fold = folds_of(hits.shape[-1], folds=folds)
    inside = np.eye(folds, dtype=np.float32)[fold]
    off = hits.astype(np.float32) @ (1 - inside)
    chosen = np.where(taken[..., None], off, -1).argmax(-2)  # (draws, K, folds)
    return np.take_along_axis(hits, chosen[..., fold][..., None, :], axis=-2)[..., 0, :]


def simulate(case: Case, draws: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Rule -> what it says: promoted at delta 0 and at two points, mean and sd of the gain seen, bias of a run."""
    found: dict[str, list[Array]] = {}
    rng = np.random.default_rng(seed)
    for start in range(0, draws, CHUNK):
        hits = right(case, min(CHUNK, draws - start), rng)
        taken = [seen(side, case.patience * arm) for arm, side in enumerate(hits)]
        for name, answered in _rules(hits, taken):
            difference = answered[1].astype(np.float64) - answered[0]
            mean, half = difference.mean((-2, -1)), MeanSquares.of(difference).half_width(ALPHA)
            promoted = [verdicts(mean, half, delta)["promote"] for delta in (0.0, 0.02)]
            strong = verdicts(mean, half, 0.02)["strong"]
            found.setdefault(name, []).append(np.stack([*promoted, strong, mean]))
    return {name: _summary(np.concatenate(parts, axis=1)) for name, parts in found.items()}


def _rules(hits: tuple[Array, Array], taken: list[Array]) -> Iterator[tuple[str, list[Array]]]:
    yield "before", [before(*side) for side in zip(hits, taken, strict=True)]
    for folds in (2, 5, 10):
        yield f"after_{folds}", [after(*side, folds) for side in zip(hits, taken, strict=True)]


def _summary(parts: Array) -> dict[str, float]:
    at_0, at_2, strong, mean = parts
    return {
        "promote_at_delta_0": float(at_0.mean()),
        "promote_at_2_points": float(at_2.mean()),
        "strong_at_2_points": float(strong.mean()),
        "gain_seen": float(mean.mean()),
        "gain_sd": float(mean.std()),
    }


def table(cells: list[dict[str, Any]]) -> str:
    """Level and power in percent, gains in points, as text."""
    lines = [
        "looks     N nested turn gain stop | promoted at 0: before after | at 2 points | gain seen      | sd of it"
    ]
    for cell in cells:
        case, old, new = cell["case"], cell["before"], cell["after_10"]
        lines.append(
            f"{'v'.join(map(str, case['looks'])):>5} {case['rows']:5d} {case['nested']!s:>6} {case['turn']:4.1f} "
            f"{100 * case['gain']:4.0f} {case['patience']:4d} | "
            f"{100 * old['promote_at_delta_0']:20.1f} {100 * new['promote_at_delta_0']:5.1f} | "
            f"{100 * old['promote_at_2_points']:5.1f} {100 * new['promote_at_2_points']:5.1f} | "
            f"{100 * old['gain_seen']:+6.2f} {100 * new['gain_seen']:+6.2f}  | "
            f"{100 * old['gain_sd']:5.2f} {100 * new['gain_sd']:5.2f}"
        )
    return "\n".join(lines)


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print the table and write the result."""
    options = given(arguments, draws=3000)
    begun = time.perf_counter()
    cells = [{"case": case.told, **simulate(case, options.draws)} for case in (*EQUAL, *BETTER)]
    print(table(cells))
    result = {
        "draws": options.draws,
        "seeds": SEEDS,
        "alpha": ALPHA,
        "monte_carlo_error_at_5_percent": math.sqrt(ALPHA * (1 - ALPHA) / options.draws),
        "seconds": round(time.perf_counter() - begun, 1),
        "cells": cells,
    }
    return write_result(claim, result)


__all__ = ["Case", "after", "before", "main", "right", "seen", "simulate", "table"]
