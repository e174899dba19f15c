"""COVERAGE: in how many samples the intervals of one run hold the true value, as they are and as they were.

Samples are drawn of the populations in `benchmarks/samples.py`; the true scores are those of a sample of 200,000 rows.
`said` is the share of samples in which the product itself said that the interval may miss more often than it says; the
coverage is that of the others.

    python -m benchmarks COVERAGE [--repeats 500] [--before 100]
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import given, write_result
from benchmarks.resampled import intervals as resampled
from benchmarks.samples import Population, even, steep
from tunebook.core.nouns import Interval, Labels
from tunebook.tasks.label_scores import notes as notes_of
from tunebook.tasks.text_classification import TextClassification

Array = NDArray[Any]
LOWEST, HIGHEST = 0.92, 0.98
_TASK = TextClassification()
_LARGE, _FEWEST = 200_000, 50

BY_ROWS = (
    *(Population("single_label", (1 - share, share), 2.0, heat) for share, heat in ((0.05, 1), (0.1, 2))),
    *(Population("single_label", (1 - share, share), 1.5, heat) for share, heat in ((0.2, 1), (0.5, 2))),
    *(Population("single_label", shares, 2.5, 1.5) for shares in (even(5), steep(5), even(20), steep(20))),
    *(Population("multi_label", shares, 2.0, 1.5) for shares in ((0.5, 0.3), (0.3, 0.2, 0.1, 0.1, 0.05), even(20))),
    Population("regression", (1.0,), 1.5),
    *(Population("ordinal", shares, 2.0) for shares in (even(5), (0.5, 0.3, 0.15, 0.05))),
)
BY_GROUPS = tuple(
    Population(kind, shares, 1.8, heat, group)
    for group in (5, 20)
    for kind, shares, heat in (
        ("single_label", (0.8, 0.2), 1.0),
        ("single_label", even(5), 2.0),
        ("multi_label", (0.5, 0.3, 0.2), 1.0),
        ("regression", (1.0,), 1.0),
        ("ordinal", even(4), 1.0),
    )
)
DESIGN = (*((population, (50, 100, 300)) for population in BY_ROWS), *((each, (200, 400)) for each in BY_GROUPS))


@dataclass
class Held:
    """How often an interval held the truth, in so many samples; `below` it lay wholly below the truth."""

    samples: int = 0
    inside: int = 0
    below: int = 0
    width: float = 0.0

    def add(self, interval: Interval, truth: float) -> None:
        """One more sample."""
        self.samples += 1
        self.inside += interval.low - 1e-12 <= truth <= interval.high + 1e-12
        self.below += interval.high < truth
        self.width += interval.high - interval.low

    def shares(self) -> dict[str, float]:
        """Coverage with its Monte-Carlo error, misses below, mean width."""
        coverage = self.inside / self.samples
        error = math.sqrt(max(coverage * (1 - coverage), 0.05 * 0.95) / self.samples)
        parts = {"coverage": coverage, "error": error, "below": self.below / self.samples}
        return {
            **{name: round(value, 4) for name, value in parts.items()},
            "width": round(self.width / self.samples, 4),
        }


@dataclass
class Tally:
    """What became of one metric."""

    said: int = 0
    after: Held = field(default_factory=Held)
    before: Held = field(default_factory=Held)


def measure(case: tuple[Population, tuple[int, ...]], repeats: int, before: int) -> list[dict[str, Any]]:
    """One record for each number of rows."""
    population, sizes = case
    labels = Labels(problem=population.kind, names=[f"c{place}" for place in range(len(population.shares))])  # type: ignore[arg-type]
    logits, targets, _ = population.draw(_LARGE, np.random.default_rng(99))
    truth = _TASK.scores(logits, targets, labels)
    return [_record(population, rows, _tallies(population, rows, labels, truth, (repeats, before))) for rows in sizes]


def _tallies(
    population: Population, rows: int, labels: Labels, truth: dict[str, float], times: tuple[int, int]
) -> dict[str, Tally]:
    found: dict[str, Tally] = defaultdict(Tally)
    rng = np.random.default_rng(rows)
    for repeat in range(times[0]):
        logits, targets, groups = population.draw(rows, rng)
        notes = notes_of(logits, targets, labels, groups)
        for name, interval in _TASK.intervals(logits, targets, labels, groups).items():
            found[name].said += name in notes
            if name not in notes:
                found[name].after.add(interval, truth[name])
        if repeat < times[1]:
            for name, interval in resampled(population.kind, logits, targets, len(population.shares)).items():
                if not math.isnan(interval.low):
                    found[name].before.add(interval, truth[name])
    return found


def _record(population: Population, rows: int, found: dict[str, Tally]) -> dict[str, Any]:
    scores = {
        name: {
            "said": round(tally.said / max(tally.said + tally.after.samples, 1), 3),
            **{
                when: held.shares() for when, held in (("after", tally.after), ("before", tally.before)) if held.samples
            },
        }
        for name, tally in found.items()
    }
    return {**asdict(population), "rows": rows, "rarest": round(rows * min(population.shares), 1), "scores": scores}


def summary(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each metric, with and without groups: lowest and highest coverage before, and where nothing is said after."""
    lines = []
    for grouped in (False, True):
        of: dict[str, dict[str, list[float]]] = defaultdict(lambda: {"before": [], "after": [], "said": []})
        for cell in cells:
            for name, score in cell["scores"].items() if (cell["group"] > 1) == grouped else ():
                if "before" in score:
                    of[name]["before"].append(score["before"]["coverage"])
                if "after" in score and (kept := score["after"])["error"] < math.sqrt(0.05 * 0.95 / _FEWEST):
                    of[name]["after"].append(kept["coverage"])
                of[name]["said"].append(score["said"])
        for name, parts in of.items():
            ends = {when: [min(values), max(values)] for when, values in parts.items() if values and when != "said"}
            median = {f"median_{when}": float(np.median(values)) for when, values in parts.items() if values}
            after = parts["after"]
            outside = {
                "below": sum(value < LOWEST for value in after),
                "above": sum(value > HIGHEST for value in after),
            }
            lines.append({"metric": name, "groups": grouped, **ends, **median, "cells": len(after), **outside})
    return lines


def table(lines: list[dict[str, Any]]) -> str:
    """The summary as text, in percent."""

    def ends(line: dict[str, Any], when: str) -> str:
        return f"{100 * line[when][0]:5.1f} - {100 * line[when][1]:5.1f}" if when in line else " " * 13

    return "\n".join(
        f"{line['metric']:10s} {'groups' if line['groups'] else 'rows':7s} before {ends(line, 'before')}   "
        f"after {ends(line, 'after')}   of {line['cells']:2d} cells {line['below']} below {LOWEST:.0%}, "
        f"{line['above']} above {HIGHEST:.0%}"
        for line in lines
    )


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate on two cores, print the summary and write the result."""
    options = given(arguments, repeats=500, before=100)
    begun = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        parts = pool.map(partial(measure, repeats=options.repeats, before=options.before), DESIGN)
        cells = [record for part in parts for record in part]
    lines = summary(cells)
    print(table(lines))
    result = {
        "repeats": options.repeats,
        "repeats_before": options.before,
        "monte_carlo_error_at_95_percent": math.sqrt(0.05 * 0.95 / options.repeats),
        "seconds": round(time.perf_counter() - begun, 1),
        "summary": lines,
        "cells": cells,
    }
    return write_result(claim, result)


__all__ = ["DESIGN", "Held", "main", "measure", "summary", "table"]
