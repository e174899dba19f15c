"""GATE: how often the gate promotes a table that is no better, and one that is, by simulation.

The answers are drawn by the model in `benchmarks/answers.py`. All cells share their draws; the first 3 and 5 seeds and
the first 500 and 1,000 rows are those of the larger cells. `before` is the same rule with Satterthwaite's own degrees
of freedom, without the weight of the seeds' mean square.

    python -m benchmarks GATE [--draws 5000]
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.answers import Latent
from benchmarks.intervals import before, bootstraps, ends
from benchmarks.record import given, write_result
from tunebook.stats.gate import MeanSquares
from tunebook.stats.paired import exact_p
from tunebook.stats.sequential import spent

Array = NDArray[Any]
CHUNK = 50


@dataclass(frozen=True)
class Design:
    """What is simulated; gains, delta and seed_sds as shares, not in points."""

    draws: int = 5000
    seeds: tuple[int, ...] = (3, 5, 10)
    rows: tuple[int, ...] = (500, 1000, 2000)
    seed_sds: tuple[float, ...] = (0.0, 0.0025, 0.005, 0.01, 0.015)
    gains: tuple[float, ...] = (0.0, 0.01, 0.02, 0.04)
    delta: float = 0.02
    alpha: float = 0.05
    start: int = 0


def simulate(design: Design) -> dict[str, list[dict[str, Any]]]:
    """Share of the draws with each outcome: of the gate, of its looks in sequence, and of rules for single runs."""
    rng = np.random.default_rng(design.start)
    counts: Counter[tuple[Any, ...]] = Counter()
    for start in range(0, design.draws, CHUNK):
        size = min(CHUNK, design.draws - start)
        latent = Latent.draw(size, max(design.seeds), max(design.rows), rng)
        for seed_sd in design.seed_sds:
            for gain in design.gains:
                answers = latent.right(seed_sd, gain).view(np.int8)
                layouts = squares_of(answers[:, 1] - answers[:, 0], design)
                for rows in design.rows:
                    for part, seeds, found in outcomes(layouts, rows, design):
                        counts.update(
                            {(part, seeds, rows, seed_sd, gain, name): int(v.sum()) for name, v in found.items()}
                        )
    return _rates(counts, design.draws)


@dataclass(frozen=True)
class Layouts:
    """What the gate needs of many layouts of the same draws.

    Attributes:
        squares: (seeds, rows) -> mean of the differences and their mean squares, each (draws,).
        flips: rows -> won and lost rows of the first seed, each (draws,).
    """

    squares: dict[tuple[int, int], tuple[Array, MeanSquares]]
    flips: dict[int, tuple[Array, Array]]


def squares_of(difference: Array, design: Design) -> Layouts:
    """From differences of right answers (draws, K, N), -1, 0 or 1 as int8: whole numbers, summed up once."""
    edges = list(pairwise((0, *design.rows)))

    def blocks(values: Array) -> Array:
        """Sums over the first rows, for each number of them in the design (..., numbers of rows)."""
        return np.stack([values[..., a:b].sum(-1, dtype=np.int64) for a, b in edges], -1).cumsum(-1)

    sums, flipped = blocks(difference), blocks(difference != 0)
    squares = {}
    for k in design.seeds:
        columns = difference[:, :k].sum(1, dtype=np.int8).astype(np.int16)
        of_columns = blocks(columns * columns)
        for place, n in enumerate(design.rows):
            of_seeds, mean = sums[:, :k, place], sums[:, :k, place].sum(1) / (k * n)
            whole = k * n * mean**2
            seeds, rows = (of_seeds**2).sum(1) / n - whole, of_columns[:, place] / k - whole
            rest = flipped[:, :k, place].sum(1) - whole - seeds - rows
            squares[k, n] = mean, MeanSquares(seeds / (k - 1), rows / (n - 1), rest / ((k - 1) * (n - 1)), k, n)
    won = {n: (flipped[:, 0, place] + sums[:, 0, place]) // 2 for place, n in enumerate(design.rows)}
    return Layouts(squares, {n: (won[n], flipped[:, 0, place] - won[n]) for place, n in enumerate(design.rows)})


def outcomes(layouts: Layouts, rows: int, design: Design) -> Iterator[tuple[str, int, dict[str, Array]]]:
    """Part of the result, number of seeds, and what happened in each draw."""
    yield "single", 1, single(*layouts.flips[rows], rows, design)
    level = spent(design.alpha, len(design.seeds), design.seeds)
    for rule, half_width in (("", MeanSquares.half_width), ("before", before)):
        looks, bare = [], []
        for seeds in design.seeds:
            mean, squares = layouts.squares[seeds, rows]
            half, wider = half_width(squares, design.alpha), half_width(squares, level)
            at_0 = {"promote_at_delta_0": mean > half, "promote_at_a_look": mean > wider}
            yield (rule or "gate"), seeds, {**verdicts(mean, half, design.delta), **at_0}
            looks.append(verdicts(mean, wider, design.delta))
            bare.append(verdicts(mean, wider, 0.0))
        bold = {"promote_at_delta_0": sequence(bare, design.seeds)["promote"]}
        yield f"sequence_{rule}" if rule else "sequence", 0, {**sequence(looks, design.seeds), **bold}


def verdicts(mean: Array, half: Array, delta: float) -> dict[str, Array]:
    """The rule of `tunebook.stats.gate.decide` for many means at once; `promote` counts STRONG as well."""
    lower, upper = mean - half, mean + half
    strong = lower > delta
    promote = strong | ((lower > 0) & (mean >= delta))
    return {"promote": promote, "strong": strong, "reject": ~promote & (upper < delta)}


def sequence(looks: list[dict[str, Array]], seeds: tuple[int, ...]) -> dict[str, Array]:
    """What a test does that stops at its first look that decides, and how many seeds it uses."""
    going = np.ones(len(looks[0]["promote"]), dtype=bool)
    promote, reject, used = np.zeros_like(going), np.zeros_like(going), np.zeros(len(going), dtype=int)
    for look, number in zip(looks, seeds, strict=True):
        used[going] = number
        promote |= going & look["promote"]
        reject |= going & look["reject"]
        going &= ~(look["promote"] | look["reject"])
    return {"promote": promote, "reject": reject, "seeds_used": used}


def single(won: Array, lost: Array, n: int, design: Design) -> dict[str, Array]:
    """Rules that look at one run of each arm; won and lost of n rows (draws,)."""
    mean = (won - lost) / n
    error = np.sqrt(((won + lost) / n - mean**2) / (n - 1))
    found = {
        "mcnemar": (won > lost) & (exact_p(won, lost) / 2 <= design.alpha),
        "paired_t": mean > stdtrit(n - 1, 1 - design.alpha) * error,
    }
    enough = mean >= design.delta
    return {"naive": enough, **found, **{f"{name}_and_delta": by & enough for name, by in found.items()}}


def _rates(counts: Counter[tuple[Any, ...]], draws: int) -> dict[str, list[dict[str, Any]]]:
    cells: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
    for (part, seeds, rows, seed_sd, gain, name), count in counts.items():
        cell = cells.setdefault(part, {}).setdefault(
            (seeds, rows, seed_sd, gain), {"seeds": seeds, "rows": rows, "seed_sd": seed_sd, "gain": gain}
        )
        cell[name] = count / draws
    return {part: list(found.values()) for part, found in cells.items()}


def worst(cells: list[dict[str, Any]], name: str, **where: float) -> dict[str, Any]:
    """The cell with the highest rate among those that match."""
    return max((cell for cell in cells if all(cell[k] == v for k, v in where.items())), key=lambda cell: cell[name])


def table(found: dict[str, list[dict[str, Any]]], design: Design) -> str:
    """False promotion (true gain 0) and power (true gain of the largest), in percent, as text."""

    def cell(part: str, **where: float) -> dict[str, Any]:
        return next(cell for cell in found[part] if all(cell[k] == v for k, v in where.items()))

    head = (
        "  N   sd |  naive McNemar  paired t |"
        + "".join(f"  gate K={k:<2d}" for k in design.seeds)
        + " | in looks (seeds)"
    )
    lines = []
    for gain in design.gains:
        lines += [f"promoted at a true gain of {100 * gain:g} points, delta {100 * design.delta:g}; percent", head]
        for rows in design.rows:
            for sd in design.seed_sds:
                where = {"rows": rows, "seed_sd": sd, "gain": gain}
                one, looks = cell("single", **where), cell("sequence", **where)
                alone = [100 * one[name] for name in ("naive", "mcnemar_and_delta", "paired_t_and_delta")]
                gates = "".join(f"{100 * cell('gate', seeds=k, **where)['promote']:11.1f}" for k in design.seeds)
                lines.append(
                    f"{rows:5d} {100 * sd:4.2f} | {alone[0]:6.1f} {alone[1]:7.1f} {alone[2]:9.1f} |{gates} | "
                    f"{100 * looks['promote']:5.1f} ({looks['seeds_used']:.1f})"
                )
    return "\n".join(lines)


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print the table and write the result."""
    options = given(arguments, draws=5000, bootstrap_draws=400)
    begun, design = time.perf_counter(), Design(draws=options.draws)
    found, of_ends = simulate(design), ends(40 * design.draws)
    drawn = bootstraps(options.bootstrap_draws)
    print(table(found, design))
    names = ("promote", "promote_at_delta_0", "promote_at_a_look")
    parts = ("gate", "before", "sequence", "sequence_before")
    top = {
        f"{part}: {name}": worst(found[part], name, gain=0.0)
        for part in parts
        for name in names
        if name in found[part][0]
    }
    top |= {name: worst(found["single"], name, gain=0.0) for name in ("naive", "mcnemar", "mcnemar_and_delta")}
    print("worst cells of no true gain:", *(f"{k}: {v}" for k, v in top.items()), sep="\n  ")
    print("macro-F1:", *drawn, "one end of the interval:", *of_ends, sep="\n  ")
    result = {
        "draws": design.draws,
        "monte_carlo_error_at_5_percent": math.sqrt(design.alpha * (1 - design.alpha) / design.draws),
        "seconds": round(time.perf_counter() - begun, 1),
        "alpha": design.alpha,
        "alpha_of_each_look": spent(design.alpha, len(design.seeds), design.seeds),
        "delta": design.delta,
        "worst_false_promotion": top,
        "macro_f1_at_delta_0": {"draws": options.bootstrap_draws, "cells": drawn},
        "one_end": {"draws": 40 * design.draws, "cells": of_ends},
        **found,
    }
    return write_result(claim, result)


__all__ = ["Design", "Layouts", "main", "outcomes", "sequence", "simulate", "single", "squares_of", "table", "verdicts",
           "worst"]  # fmt: skip
