"""BATCHES: whether few rows are learnt as well in small batches, by as many steps of fewer rows, for less time.

On a processor a step costs what its rows cost, so that half the batch is half the time of the same number of steps.
Every cell is one set, one size of batch, one number of epochs and one seed, at the rate that Tunebook proposes; the
score is the accuracy on the same 500 held-out rows after the last step. One thread, as `benchmarks/defaults.py`.

    OMP_NUM_THREADS=1 python -m benchmarks BATCHES [--minutes 12] [--only en_trec6]
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.defaults import Material, rule, run_cell
from benchmarks.record import Cell, fill, write_result

SETS = ("en_sst2", "en_trec6", "zh_thucnews_titles")
MORE = ("en_banking77", "zh_hotel_htl")  # rare classes; longer texts
SEEDS = (0, 1)
ARMS = (  # sets, training rows; rows of a batch, epochs: the first is what was proposed before
    (SETS, 450, ((16, 12), (8, 6), (8, 3), (4, 3))),
    (SETS, 1000, ((16, 5), (8, 3))),
    (MORE, 450, ((16, 12), (8, 6))),
    (SETS, 100, ((16, 20), (8, 20))),
)


def wanted(only: str) -> Iterator[Cell]:
    """Every run: all arms of all sets with one seed, then with the next."""
    for sets, rows, arms in ARMS:
        for seed in SEEDS:
            for name in sets:
                if only in name:
                    rate, _ = rule(name, rows)
                    yield from (
                        {"set": name, "rows": rows, "rate": rate, "batch": batch, "epochs": epochs, "seed": seed}
                        for batch, epochs in arms
                    )


def summary(runs: list[Cell]) -> list[Cell]:
    """Of each set and arm: mean accuracy, its spread over seeds, and seconds of the processor."""
    cells: dict[tuple[Any, ...], list[Cell]] = {}
    for run in runs:
        cells.setdefault((run["set"], run["rows"], run["batch"], run["epochs"]), []).append(run)
    return [
        {
            "set": name,
            "rows": rows,
            "batch": batch,
            "epochs": epochs,
            "seeds": len(found),
            "steps": found[0]["steps"],
            "accuracy": statistics.fmean(run["accuracy"] for run in found),
            "low": min(run["accuracy"] for run in found),
            "high": max(run["accuracy"] for run in found),
            "cpu_seconds": statistics.fmean(run["cpu_seconds"] for run in found),
        }
        for (name, rows, batch, epochs), found in cells.items()
    ]


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the minutes of processor time are spent."""
    material: dict[tuple[str, int], Material] = {}

    def run(cell: Cell) -> Cell:
        of = cell["set"], cell["rows"]
        if of not in material:
            material.clear()  # one set at a time stays in memory
            material[of] = Material(*of)
        found = run_cell(cell, material[of])
        found.pop("right")
        return {**cell, **found, "threads": os.environ.get("OMP_NUM_THREADS", "")}

    def write(name: str, runs: list[Cell]) -> Path:
        return write_result(name, {"cells": summary(runs), "runs": runs})

    return fill(
        claim,
        arguments,
        wanted,
        run,
        key=lambda cell: tuple(cell[name] for name in ("set", "rows", "batch", "epochs", "seed")),
        write=write,
    )


__all__ = ["ARMS", "MORE", "SEEDS", "SETS", "main", "summary", "wanted"]
