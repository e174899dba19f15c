"""MACHINE_SPEED: what numpy says of this processor against what torch measures, by turns, as ratios.

Estimates of time come from `models/cpu_speed.py`, which imports no torch; `engine/speed.py` measures the real thing.

    python -m benchmarks MACHINE_SPEED [--pairs 9] [--width 256] [--tokens 256]
"""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.record import given, write_result
from tunebook.engine.speed import measure
from tunebook.models.cpu_speed import measure_cpu

FIGURES = ("operation", "module", "tensor", "parameter")


def main(case: str, arguments: list[str]) -> Path:
    """Measure both and write the result."""
    options = given(arguments, pairs=9, width=256, tokens=256)
    ratios: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(options.pairs):
        measure.cache_clear()
        measure_cpu.cache_clear()
        told, real = measure_cpu(options.width, options.tokens), measure(options.width, options.tokens)
        for name in FIGURES:
            ratios[name].append(getattr(told, name) / getattr(real, name))
    found = {
        name: {"median": round(statistics.median(all_), 3), "min": round(min(all_), 3), "max": round(max(all_), 3)}
        for name, all_ in ratios.items()
    }
    return write_result(case, {"ratio": found, "pairs": options.pairs, "width": options.width})
