"""GUARDS: how often guardrails of single classes stop a table that is as good in each, and one that fell in one.

Answers as in `benchmarks/answers.py`, each class drawn by itself; the classes of a test are taken for independent.

    python -m benchmarks GUARDS [--draws 4000]
"""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.answers import Latent
from benchmarks.record import given, write_result
from tunebook.stats.gate import MeanSquares
from tunebook.stats.sequential import spent
from tunebook.verbs.abtest.classes import holdable, watched

MARGIN, CHUNK = 0.05, 250
CLASSES, MORE, SEED_SDS = (1, 2, 5, 20, 77), (1, 2, 4), (0.0, 0.01, 0.02)  # rows of a class: the least, and more
TESTS = ((3, 5), (10,))  # looks up to the end of a test, of which each has the error of three looks


def lower_ends(rows: int, seeds: int, alpha: float, seed_sd: float, draws: int) -> NDArray[Any]:
    """Lower end of the gain in recall of a class that did not fall, of many tests."""
    rng, found = np.random.default_rng(0), []
    for start in range(0, draws, CHUNK):
        right = Latent.draw(min(CHUNK, draws - start), seeds, rows, rng).right(seed_sd, 0.0)
        difference = np.subtract(right[:, 1], right[:, 0], dtype=np.float64)
        found.append(difference.mean((-2, -1)) - MeanSquares.of(difference).half_width(alpha))
    return np.concatenate(found)


def cells(draws: int) -> list[dict[str, Any]]:
    """Every number of classes and rows of each, seed sd, and look of a test."""
    found = []
    for looks, classes, seed_sd in product(TESTS, CLASSES, SEED_SDS):
        level = spent(0.05, 3, (3.0, 5.0, 10.0))
        least = next(n for n in range(2, 10**4) if watched([n] * classes, looks[-1], 2 * MARGIN)[0])
        for rows, look in product([times * least for times in MORE], looks):
            margin = max(MARGIN, holdable(rows, looks[-1], classes))
            ends = lower_ends(rows, look, level, seed_sd, draws)
            one, seen = float((ends <= -margin).mean()), float((ends - margin <= -margin).mean())
            place = {"classes": classes, "rows": rows, "margin": margin, "seed_sd": seed_sd, "look": look}
            stopped = 1 - (1 - one) ** classes
            share = {"equal_class_broken": one, "equal_test_stopped": stopped, "fall_of_margin_seen": seen}
            found.append({**place, "looks": list(looks), **share})
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print and write the result."""
    options = given(arguments, draws=4000)
    begun, found = time.perf_counter(), cells(options.draws)
    print("classes  rows  margin  seed sd  look | equal: one class broken  test stopped | fall of the margin seen")
    for cell in found:
        print(
            f"{cell['classes']:7d} {cell['rows']:5d} {100 * cell['margin']:7.1f} {100 * cell['seed_sd']:8.1f} "
            f"{cell['look']:2d}/{cell['looks'][-1]:2d} | {100 * cell['equal_class_broken']:23.2f} "
            f"{100 * cell['equal_test_stopped']:13.1f} | {100 * cell['fall_of_margin_seen']:22.1f}"
        )
    seconds = round(time.perf_counter() - begun, 1)
    return write_result(claim, {"draws": options.draws, "margin": MARGIN, "seconds": seconds, "cells": found})


__all__ = ["cells", "lower_ends", "main"]
