"""MANY: twenty tables that are no better, tested against one champion: how often is one of them promoted all the same?

The answers are drawn by the model in `benchmarks/answers.py`; all arms answer the same rows, and all tables are held
against the same runs of the champion. Each is tested as the gate of a new book does it, and, where it passes, once
more: both arms with fresh seeds, on half as many test rows. Beside it stands in how many draws a true gain is found.

    python -m benchmarks MANY [--draws 3000]
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.answers import Latent
from benchmarks.gate import sequence, verdicts
from benchmarks.record import given, write_result
from tunebook.core.verdict import Gate
from tunebook.stats.gate import MeanSquares
from tunebook.stats.sequential import family_error
from tunebook.verbs.abtest.spending import PlannedLook, planned_looks

Array = NDArray[Any]
OPENINGS = (1, 2, 5, 10, 20)
_AT_ONCE = 4_000_000  # answers that are drawn together


@dataclass(frozen=True)
class Design:
    """What is simulated; gains, deltas and the seeds' standard deviation as shares, not in points."""

    draws: int = 3000
    tables: int = 20
    rows: tuple[int, ...] = (200, 500, 2000)
    deltas: tuple[float, ...] = (0.0, 0.02)
    gain: float = 0.04
    seed_sd: float = 0.01
    gate: Gate = field(default_factory=Gate)

    @property
    def looks(self) -> list[PlannedLook]:
        """When a first test is looked at, and what each look spends."""
        return planned_looks(self.gate.seeds, None, self.gate)


def simulate(design: Design) -> list[dict[str, Any]]:
    """A cell for each number of rows, each delta, and tables that are no better or one that is."""
    kinds = ((design.tables, 0.0), (1, design.gain))
    return [cell for rows in design.rows for tables, gain in kinds for cell in cells(design, rows, tables, gain)]


def cells(design: Design, rows: int, tables: int, gain: float) -> list[dict[str, Any]]:
    """How often any of the tables passes its test, and how often one is promoted; for each delta."""
    rng = np.random.default_rng((rows, tables))
    size = max(_AT_ONCE // ((tables + 1) * design.gate.seeds * rows), 1)
    passed: dict[float, list[Array]] = {delta: [] for delta in design.deltas}
    used: dict[float, list[Array]] = {delta: [] for delta in design.deltas}
    confirmed = []
    for begun in range(0, design.draws, size):
        shape = (min(size, design.draws - begun), tables)
        seen = gains(design, (*shape, rows), gain, rng)
        for delta in design.deltas:
            found = tested(design, seen, delta)
            passed[delta].append(found["promote"])
            used[delta].append(found["seeds_used"])
        fresh = gains(design, (*shape, rows // 2), gain, rng)
        squares = MeanSquares.of(fresh)
        confirmed.append(fresh.mean((-2, -1)) > squares.half_width(design.gate.alpha))
    about = {"rows": rows, "test_rows": rows // 2, "tables": tables, "gain": gain}
    second = np.concatenate(confirmed)
    return [
        {**about, "delta": delta, **rates(design, np.concatenate(passed[delta]), second, np.concatenate(used[delta]))}
        for delta in design.deltas
    ]


def gains(design: Design, shape: tuple[int, int, int], gain: float, rng: np.random.Generator) -> Array:
    """Score of each table less the champion's, shape (draws, tables, K, N), for `shape` of draws, tables and rows."""
    draws, tables, rows = shape
    right = Latent.draw(draws, design.gate.seeds, rows, rng, arms=tables + 1).right(design.seed_sd, gain)
    found: Array = right[:, 1:].astype(np.float32) - right[:, :1]
    return found


def tested(design: Design, seen: Array, delta: float) -> dict[str, Array]:
    """What the tests of the gate say, look after look; differences (draws, tables, K, N)."""
    looks = []
    for look in design.looks:
        used = seen[..., : look.seeds, :]
        found = verdicts(used.mean((-2, -1)), MeanSquares.of(used).half_width(look.alpha), delta)
        looks.append({name: share.reshape(-1) for name, share in found.items()})
    told = sequence(looks, tuple(look.seeds for look in design.looks))
    return {name: found.reshape(seen.shape[:2]) for name, found in told.items()}


def rates(design: Design, passed: Array, confirmed: Array, used: Array) -> dict[str, Any]:
    """Shares of the draws, with the standard error of the rarer; trainings of a draw with one proof and with two."""
    promoted, seeds = passed & confirmed, design.gate.seeds
    before, after = passed.any(1), promoted.any(1)
    first = used.sum(1) + used.max(1)  # the champion's runs serve all of its tests
    return {
        "validation_only": before.mean(),
        "with_fresh_seeds": after.mean(),
        "error": float(np.sqrt(max(after.mean() * (1 - after.mean()), 1 / len(after)) / len(after))),
        "trainings": first.mean(),
        "trainings_with_fresh_seeds": (first + seeds * (passed.sum(1) + before)).mean(),
        "openings": {str(count): confirmed[:, :count].any(1).mean() for count in OPENINGS if count <= passed.shape[1]},
    }


def table(found: list[dict[str, Any]]) -> str:
    """Percent of the draws, as text."""
    lines = ["  N   test  delta  tables  gain |  test alone  and fresh seeds | trainings  and fresh seeds"]
    for cell in found:
        shares = f"{100 * cell['validation_only']:11.1f} {100 * cell['with_fresh_seeds']:16.1f}"
        cost = f"{cell['trainings']:9.1f} {cell['trainings_with_fresh_seeds']:16.1f}"
        head = f"{cell['rows']:5d} {cell['test_rows']:5d} {100 * cell['delta']:5.0f} {cell['tables']:7d}"
        lines.append(f"{head} {100 * cell['gain']:6.0f} | {shares} | {cost}")
    return "\n".join(lines)


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print the table and write the result."""
    options = given(arguments, draws=3000)
    begun, design = time.perf_counter(), Design(draws=options.draws)
    found = simulate(design)
    print(table(found))
    alpha = design.gate.alpha
    result = {
        "draws": design.draws,
        "seconds": round(time.perf_counter() - begun, 1),
        "seeds": design.gate.seeds,
        "looks": [look.model_dump() for look in design.looks],
        "alpha": alpha,
        "seed_sd": design.seed_sd,
        "implied": {"validation": family_error(design.tables, alpha), "proven": family_error(design.tables, alpha, 2)},
        "cells": found,
    }
    return write_result(claim, result)


__all__ = ["Design", "cells", "gains", "main", "rates", "simulate", "table", "tested"]
