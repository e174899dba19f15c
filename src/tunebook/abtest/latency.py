"""How long single rows take: both models answer the same rows in turns, so that neither has the quieter machine."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tunebook.core.task import Rows

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

ROWS, _WARM = 64, 4


def latencies(a: LoadedModel, b: LoadedModel, rows: Rows, count: int = ROWS) -> tuple[list[float], list[float]]:
    """Milliseconds of each of the first rows, one at a time, tokenising included, for both models."""
    times: tuple[list[float], list[float]] = ([], [])
    chosen = [_single(rows, number) for number in range(min(count, len(rows)))]
    for number, row in enumerate(chosen[:_WARM] + chosen):
        for side in (0, 1) if number % 2 else (1, 0):
            taken = _milliseconds((a, b)[side], row)
            if number >= len(chosen[:_WARM]):
                times[side].append(taken)
    return times


def _single(rows: Rows, number: int) -> Rows:
    return replace(rows.at(slice(number, number + 1)), targets=None, weights=None)


def _milliseconds(model: LoadedModel, row: Rows) -> float:
    start = time.perf_counter()
    model.logits(row)
    return (time.perf_counter() - start) * 1e3


__all__ = ["ROWS", "latencies"]
