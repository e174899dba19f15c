"""How quick models are beside one another: each is asked in turn, again and again, so that whatever else the machine
does meets all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tunebook.core.nouns import Record
from tunebook.export.operators import Array

Ask = Callable[[Sequence[Any]], object]
_WARM = 3  # rounds before those that count


class Latency(Record):
    """How long a model takes for a batch.

    Attributes:
        batch: rows of it; rounds: how often it was asked.
        p50, p95, p99: milliseconds by the clock; rows_second: rows in a second, of the median.
        processor: milliseconds of the processor, all threads together, the median.
        faster: how many times as fast as the first model, the median over rounds of ratios by the clock; its smallest
            and largest quarter are low and high. processor_faster: the same by the time of the processor.
    """

    batch: int
    rounds: int
    p50: float
    p95: float
    p99: float
    rows_second: float
    processor: float
    faster: float
    low: float
    high: float
    processor_faster: float


def alternate(
    asked: Mapping[str, Ask], rows: Sequence[Any], batch: int, *, rounds: int = 60, seconds: float = 60.0
) -> dict[str, Latency]:
    """Ask models in turn for batches of rows; the first is the one that the others are compared with.

    In every round all models get the same rows, and the order in which they are asked is turned by one.

    Args:
        asked: name -> function of rows; rows: gone through in their order, and again from the start.
        rounds: at most; seconds: when to stop before that, of all models together, but not before five rounds.
    """
    names = list(asked)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    begun = time.perf_counter()
    for turn in range(-_WARM, rounds):
        if turn >= 5 and time.perf_counter() - begun > seconds:
            break
        some = _some(rows, (turn + _WARM) * batch, batch)
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            clock, processor = time.perf_counter(), time.process_time()
            asked[name](some)
            taken[name].append((time.perf_counter() - clock, time.process_time() - processor))
    times = {name: np.array(values[_WARM:]) for name, values in taken.items()}
    first = times[names[0]]
    return {name: _latency(values, first, batch) for name, values in times.items()}


def _some(rows: Sequence[Any], start: int, count: int) -> list[Any]:
    return [rows[(start + place) % len(rows)] for place in range(count)]


def _latency(times: Array, first: Array, batch: int) -> Latency:
    ratios = first / np.maximum(times, 1e-9)
    p50, p95, p99 = (float(value) for value in np.percentile(1000 * times[:, 0], [50, 95, 99]))
    low, faster, high = (float(value) for value in np.percentile(ratios[:, 0], [25, 50, 75]))
    return Latency(
        batch=batch,
        rounds=len(times),
        p50=p50,
        p95=p95,
        p99=p99,
        rows_second=1000 * batch / p50 if p50 else float("inf"),
        processor=float(1000 * np.median(times[:, 1])),
        faster=faster,
        low=low,
        high=high,
        processor_faster=float(np.median(ratios[:, 1])),
    )


__all__ = ["Ask", "Latency", "alternate"]
