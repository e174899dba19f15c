"""GROUPS: how often the gate errs where rows belong to groups, counting rows (before) and counting groups (now).

Answers are drawn as in `benchmarks/answers.py`, but a part of what each arm finds easier or harder than the other is
common to all rows of a group (of a user, a document). Delta is 0: what is counted is a lower end above 0.

    python -m benchmarks GROUPS [--draws 4000]
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

from benchmarks.answers import ARM, LEVEL, OWN, SHARED, SLOPE
from benchmarks.record import given, write_result
from tunebook.stats.gate import MeanSquares, of_groups

Array = NDArray[Any]
CHUNK = 100


@dataclass(frozen=True)
class Design:
    """What is simulated; `together` is the groups' share of the variance of what one arm finds easier."""

    draws: int = 4000
    seeds: tuple[int, ...] = (3, 5)
    groups: tuple[int, ...] = (10, 25, 50)
    sizes: tuple[tuple[int, int], ...] = ((20, 20), (5, 35))
    together: tuple[float, ...] = (0.0, 0.5, 1.0)
    seed_sd: float = 0.005
    gain: float = 0.04
    alpha: float = 0.05
    start: int = 0


def simulate(design: Design) -> list[dict[str, Any]]:
    """Share of the tests whose lower end is above 0, without a gain and with one."""
    rng, found = np.random.default_rng(design.start), []
    for groups in design.groups:
        for sizes in design.sizes:
            codes = np.repeat(np.arange(groups), np.linspace(*sizes, groups).astype(int))
            for together in design.together:
                counts = np.zeros((len(design.seeds), 2, 2))
                for difference, place in _differences(codes, together, design, rng):
                    counts[:, place] += [_above(difference[:, :k], codes, design.alpha) for k in design.seeds]
                for k, (level, power) in zip(design.seeds, counts / design.draws, strict=True):
                    around = {"seeds": k, "groups": groups, "rows_of_a_group": sizes, "together": together}
                    rates = {"level_before": level[0], "level": level[1], "power_before": power[0], "power": power[1]}
                    found.append({**around, "rows": len(codes), **rates})
    return found


def _differences(
    codes: Array, together: float, design: Design, rng: np.random.Generator
) -> Iterator[tuple[Array, int]]:
    """Differences of right answers (draws, K, N), without a gain (0) and with it (1)."""
    k, n, groups = max(design.seeds), len(codes), int(codes.max()) + 1
    wide = design.seed_sd / SLOPE
    whole = math.sqrt(1 + wide * wide)
    levels = [LEVEL, float(ndtri(ndtr(LEVEL / whole) + design.gain)) * whole]

    def normal(variance: float, *shape: int) -> Array:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(variance))

    for start in range(0, design.draws, CHUNK):
        size = min(CHUNK, design.draws - start)
        latent = normal(OWN, size, 2, k, n) + normal(SHARED, size, 1, 1, n)
        latent += normal(ARM * together, size, 2, 1, groups)[..., codes] + normal(ARM * (1 - together), size, 2, 1, n)
        latent += normal(wide * wide, size, 2, k, 1)
        for place, level in enumerate(levels):
            right = latent > -np.array([LEVEL, level], dtype=np.float32)[:, None, None]
            yield np.subtract(right[:, 1], right[:, 0], dtype=np.float32), place


def _above(difference: Array, codes: Array, alpha: float) -> tuple[int, int]:
    """In how many tests the lower end is above 0, counting rows and counting groups."""
    mean = difference.mean((-2, -1), dtype=np.float64)
    layouts = (difference, of_groups(difference, codes))
    found = [int((mean > MeanSquares.of(layout).half_width(alpha)).sum()) for layout in layouts]
    return found[0], found[1]


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print the table and write the result."""
    options = given(arguments, draws=4000)
    begun, design = time.perf_counter(), Design(draws=options.draws)
    cells = simulate(design)
    print("percent of tests with a lower end above 0: counting rows, counting groups")
    for cell in cells:
        rates = [f"{100 * cell[name]:5.1f}" for name in ("level_before", "level", "power_before", "power")]
        print(
            f"{cell['seeds']:2d} seeds, {cell['groups']:3d} groups of {cell['rows_of_a_group']} rows, together "
            f"{cell['together']:.1f}: no gain {rates[0]} {rates[1]}; four points {rates[2]} {rates[3]}"
        )
    result = {
        "draws": design.draws,
        "monte_carlo_error_at_5_percent": math.sqrt(0.05 * 0.95 / design.draws),
        "seconds": round(time.perf_counter() - begun, 1),
        "alpha": design.alpha,
        "seed_sd": design.seed_sd,
        "gain": design.gain,
        "cells": cells,
    }
    return write_result(claim, result)


__all__ = ["Design", "main", "simulate"]
