"""Pairs of runs, one of each arm with the same seed: trained, examined, timed, and remembered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tunebook.core.nouns import Record, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.verbs.abtest.arms import Arm, Load, Result, known, trained
from tunebook.verbs.abtest.crossfit import Answers, answers_of
from tunebook.verbs.abtest.exam import Exam

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

Sides = tuple[Result, Result]
ROWS, _WARM = 64, 4


class Seen(Record):
    """What a test keeps of a pair beside the runs themselves.

    Attributes:
        reused: whether the run of A and that of B had been trained before this test.
        latency: milliseconds of single rows of A and of B; empty where a run has no model.
    """

    seed: int
    runs: tuple[str, str]
    reused: tuple[bool, bool]
    latency: tuple[list[float], list[float]]


@dataclass(frozen=True)
class Pair:
    """A run of A and a run of B with the same seed, and what they answered.

    Attributes:
        answers: exam -> answers of A and of B by the exam's key; None for a run without a model.
    """

    seen: Seen
    sides: Sides
    answers: dict[str, tuple[Answers | None, Answers | None]]


def run_pair(
    arms: tuple[Arm, Arm], seed: int, exams: Sequence[Exam], folder: Path, progress: Progress | None = None
) -> Pair:
    """Train both runs where they are missing, and examine them.

    A goes first for odd seeds and B for even ones, so that neither arm always finds the warmer machine.

    Args:
        folder: the test's own.

    Raises:
        RunError, MachineError: as `trained`; the same call again goes on.
    """
    first, second = (arms[0], arms[1]) if seed % 2 else (arms[1], arms[0])
    done = {id(arm): _run(arm, seed, folder, progress) for arm in (first, second)}
    sides = (done[id(arms[0])], done[id(arms[1])])
    models = tuple(cache(side.load) for side in sides)
    found = {}
    for exam in exams:
        a, b = (answers_of(side, exam, load, progress) for side, load in zip(sides, models, strict=True))
        found[exam.key] = (a, b)
    return Pair(_seen(arms, seed, sides, models, exams[0], folder), sides, found)


def _run(arm: Arm, seed: int, folder: Path, progress: Progress | None) -> Result:
    """A run of an arm; the test remembers which it began itself."""
    plan = arm.plan(seed)
    runs = plan.data_path.parent / "runs"
    if known(runs, plan) is None:
        mark = folder / "begun" / plan.id
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return trained(runs, plan, progress)


def _seen(arms: tuple[Arm, Arm], seed: int, sides: Sides, models: Sequence[Load], exam: Exam, folder: Path) -> Seen:
    path = folder / "pairs" / f"{seed}.json"
    if path.is_file():
        kept: Seen = read_json(Seen, path)
        return kept
    both = all(side.folder for side in sides)
    own = [(folder / "begun" / arm.plan(seed).id).is_file() for arm in arms]
    seen = Seen(
        seed=seed,
        runs=(sides[0].run.id, sides[1].run.id),
        reused=(not own[0], not own[1]),
        latency=latencies(models[0](), models[1](), exam.rows) if both else ([], []),
    )
    write_json(seen, path)
    return seen


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
    """A row as it is asked; one with candidates is nothing without them."""
    row = rows.at(slice(number, number + 1))
    return replace(row, targets=None if row.passages is None else row.targets, weights=None)


def _milliseconds(model: LoadedModel, row: Rows) -> float:
    start = time.perf_counter()
    model.logits(row)
    return (time.perf_counter() - start) * 1e3


__all__ = ["ROWS", "Pair", "Seen", "Sides", "latencies", "run_pair"]
