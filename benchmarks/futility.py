"""FUTILITY: what ending a test without a chance saves in seeds and loses in power, by simulation.

Answers as in `benchmarks/answers.py`; each test is run by its looks with and without the rule, on the same draws.

    python -m benchmarks FUTILITY [--draws 4000]
"""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.answers import Latent
from benchmarks.gate import verdicts
from benchmarks.record import given, write_result
from tunebook.stats.gate import Effect, MeanSquares
from tunebook.stats.sequential import chance_left, spent

CHUNK, LEAST_CHANCE = 250, 0.05
LOOKS, ROWS, SEED_SDS = ((3, 5), (3, 5, 10)), (500, 2000), (0.0, 0.005, 0.015)
DELTAS, GAINS = (0.0, 0.02), (0.0, 0.01, 0.02, 0.04)
Array = NDArray[Any]


def course(difference: Array, looks: tuple[int, ...], delta: float, futile: bool) -> tuple[Array, Array]:
    """Whether each test promotes, and the seeds that it uses; differences (tests, K, N)."""
    level = spent(0.05, len(looks), tuple(map(float, looks)))
    going, promoted = np.ones(len(difference), dtype=bool), np.zeros(len(difference), dtype=bool)
    used = np.zeros(len(difference))
    for look in looks:
        seen, mean = MeanSquares.of(difference[:, :look]), difference[:, :look].mean((-2, -1))
        found = verdicts(mean, seen.half_width(level), delta)
        used[going] = look
        promoted |= going & found["promote"]
        going &= ~(found["promote"] | found["reject"])
        if futile and look < looks[-1]:
            rows = difference.shape[-1]
            effect = Effect(mean, 0, 0, seen.error(level)[0], 0, look, rows, np.sqrt(seen.seeds / rows))
            going &= chance_left(effect, looks[-1], level, delta) >= LEAST_CHANCE
    return promoted, used


def cells(draws: int) -> list[dict[str, Any]]:
    """Power and mean seeds with and without the rule."""
    found = []
    for looks, rows in product(LOOKS, ROWS):
        rng, sums = np.random.default_rng(0), {}
        for start in range(0, draws, CHUNK):
            latent = Latent.draw(min(CHUNK, draws - start), looks[-1], rows, rng)
            for seed_sd, gain in product(SEED_SDS, GAINS):
                right = latent.right(seed_sd, gain)
                difference = np.subtract(right[:, 1], right[:, 0], dtype=np.float64)
                for delta, futile in product(DELTAS, (False, True)):
                    both = course(difference, looks, delta, futile)
                    key = (seed_sd, gain, delta, futile)
                    sums[key] = sums.get(key, np.zeros(2)) + [part.sum() for part in both]
        for seed_sd, gain, delta in product(SEED_SDS, GAINS, DELTAS):
            (before, seeds_before), (after, seeds_after) = (
                (sums[seed_sd, gain, delta, futile] / draws).tolist() for futile in (False, True)
            )
            place = {"looks": list(looks), "rows": rows, "seed_sd": seed_sd, "delta": delta, "gain": gain}
            promoted = {"promoted": before, "promoted_with": after}
            found.append({**place, **promoted, "seeds": seeds_before, "seeds_with": seeds_after})
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print and write the result."""
    options = given(arguments, draws=4000)
    begun, found = time.perf_counter(), cells(options.draws)
    print("looks to  rows  seed sd  delta  gain | promoted, without and with the rule | seeds; points and percent")
    for cell in found:
        print(
            f"{cell['looks'][-1]:8d} {cell['rows']:5d} {100 * cell['seed_sd']:8.1f} {100 * cell['delta']:6.0f} "
            f"{100 * cell['gain']:5.0f} | {100 * cell['promoted']:6.1f} {100 * cell['promoted_with']:6.1f} | "
            f"{cell['seeds']:5.2f} {cell['seeds_with']:5.2f}"
        )
    lost = max(found, key=lambda cell: cell["promoted"] - cell["promoted_with"])
    seconds = round(time.perf_counter() - begun, 1)
    return write_result(claim, {"draws": options.draws, "seconds": seconds, "most_power_lost": lost, "cells": found})


__all__ = ["cells", "course", "main"]
