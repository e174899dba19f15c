"""Pairs of runs, one of each arm with the same seed, and what they tell beside the gate, which decides nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import CALIBRATION
from tunebook.core.nouns import Plan, Record, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.core.writes import texts_asked
from tunebook.stats.paired import aso, flips, mcnemar, p_better, seed_sd
from tunebook.verbs.abtest.ab_plan import Prices
from tunebook.verbs.abtest.arms import Arm, Load, Result, known, trained
from tunebook.verbs.abtest.looks import bootstrapped
from tunebook.verbs.abtest.scored import Answers, ArmScores, Exam, answers_of
from tunebook.verbs.engines.seam import ahead, chosen

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


Sides = tuple[Result, Result]
ROWS, _WARM = 64, 4
Array = NDArray[Any]
_SHOWN = 15  # flipped rows of each direction


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

    Args:
        folder: the test's own.

    Raises:
        RunError, MachineError: as `trained`; the same call again goes on.
    """
    done = {id(arm): _run(arm, seed, folder, progress) for arm in _in_order(arms, seed)}
    sides = (done[id(arms[0])], done[id(arms[1])])
    models = tuple(cache(side.load) for side in sides)
    found = {}
    for exam in exams:
        a, b = (answers_of(side, exam, load, progress) for side, load in zip(sides, models, strict=True))
        found[exam.key] = (a, b)
    return Pair(_seen(arms, seed, sides, models, exams[0], folder), sides, found)


@contextmanager
def pairs_ahead(arms: tuple[Arm, Arm], seeds: Sequence[int], folder: Path) -> Iterator[None]:
    """Have the runs of these pairs begun, where trainings are done that can be; what was not needed by the end ends."""
    plans = [arm.plan(seed) for seed in seeds for arm in _in_order(arms, seed)]
    with ahead(plans, plans[0].data_path.parent / "runs") as begun:
        for plan in begun:
            _mark(plan, folder)
        yield


def _in_order(arms: tuple[Arm, Arm], seed: int) -> tuple[Arm, Arm]:
    """A goes first for odd seeds and B for even ones, so that neither arm always finds the warmer machine."""
    return (arms[0], arms[1]) if seed % 2 else (arms[1], arms[0])


def _run(arm: Arm, seed: int, folder: Path, progress: Progress | None) -> Result:
    """A run of an arm; the test remembers which it began itself."""
    plan = arm.plan(seed)
    runs = plan.data_path.parent / "runs"
    if known(runs, plan) is None:
        _mark(plan, folder)
    return trained(runs, plan, progress)


def _mark(plan: Plan, folder: Path) -> None:
    mark = folder / "begun" / plan.id
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


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
        latency=_undisturbed(models, exam) if both else ([], []),
    )
    write_json(seen, path)
    return seen


def _undisturbed(models: Sequence[Load], exam: Exam) -> tuple[list[float], list[float]]:
    a, b = (model() for model in models)
    with chosen().still():
        return latencies(a, b, exam)


def latencies(a: LoadedModel, b: LoadedModel, exam: Exam, count: int = ROWS) -> tuple[list[float], list[float]]:
    """Milliseconds of each of the first rows, one at a time, tokenising included, for both models; where a test is
    about the true answers alone, of reading these, and nothing is written."""
    times: tuple[list[float], list[float]] = ([], [])
    rows = exam.rows
    chosen = [_single(rows, number, exam.texts) for number in range(min(count, len(rows)))]
    for number, row in enumerate(chosen[:_WARM] + chosen):
        for side in (0, 1) if number % 2 else (1, 0):
            taken = _milliseconds((a, b)[side], row, exam.texts)
            if number >= len(chosen[:_WARM]):
                times[side].append(taken)
    return times


def _single(rows: Rows, number: int, alone: bool) -> Rows:
    """A row as it is asked; one with candidates is nothing without them.

    Args:
        alone: without its true answer.
    """
    row = rows.at(slice(number, number + 1))
    return replace(row, targets=None if row.passages is None and alone else row.targets, weights=None)


def _milliseconds(model: LoadedModel, row: Rows, texts: bool) -> float:
    start = time.perf_counter()
    model.logits(row, texts=texts)
    return (time.perf_counter() - start) * 1e3


def rights(arm_scores: ArmScores, metric: str) -> Array | None:
    """Score of each row by each run, of the metric, or where it has none of the first metric that has; (K, N)."""
    names = [name for name in arm_scores.task.judges(arm_scores.labels) if _known(arm_scores, name)]
    first = [] if metric in arm_scores.exam.own else [metric]  # an amount of money is neither right nor wrong
    rows = (arm_scores.rows(name) for name in (*first, *names))
    return next((found for found in rows if found is not None), None)


def described(a: ArmScores, b: ArmScores, metric: str, alpha: float) -> dict[str, Any]:
    """Figures of both arms: `scores`, `seed_sd`, `p_better`, `aso`, `mcnemar` of each seed, `bootstrap`, `metrics`,
    which runs have `collapsed`, and of which seeds both arms give the `same` answers."""
    of_a, of_b = a.scores(metric), b.scores(metric)
    found: dict[str, Any] = {
        "scores": {"a": a.told(metric).tolist(), "b": b.told(metric).tolist()},
        "metrics": {name: _both(a, b, name) for name in _told(a)},
        "collapsed": {"a": a.collapsed, "b": b.collapsed},
        "same": [_same(one, two) for one, two in zip(a.logits, b.logits, strict=True)],
    }
    if len(of_a) < 2 or not (np.isfinite(of_a).all() and np.isfinite(of_b).all()):
        return found
    found |= {
        "seed_sd": {"a": seed_sd(of_a), "b": seed_sd(of_b)},
        "p_better": p_better(of_a, of_b),
        "aso": aso(of_a, of_b),
    }
    right_a, right_b = rights(a, metric), rights(b, metric)
    if right_a is not None and right_b is not None:
        tests = [mcnemar(one, two) for one, two in zip(right_a, right_b, strict=True)]
        found["mcnemar"] = [{"won": test.won, "lost": test.lost, "p": test.p} for test in tests]
    if a.rows(metric) is not None:
        effect = bootstrapped(a, b, metric, alpha)
        found["bootstrap"] = {"mean": effect.mean, "lower": effect.lower, "upper": effect.upper}
    return found


def _same(one: Array, two: Array) -> bool:
    """Whether two runs answer every row with the very same numbers, shapes (N, outputs) and (N, others): zeros fill
    up the narrower."""
    width = min(one.shape[1], two.shape[1])
    return np.array_equal(one[:, :width], two[:, :width]) and not (one[:, width:].any() or two[:, width:].any())


def _told(arm_scores: ArmScores) -> list[str]:
    """Metrics of which more is better, the calibration error, and those of the book's owner."""
    found = [
        item.key
        for item in arm_scores.task.metrics(arm_scores.labels)
        if (item.better == "more" or item.key == CALIBRATION) and _known(arm_scores, item.key)
    ]
    return [*found, *arm_scores.exam.own]


def _known(arm_scores: ArmScores, metric: str) -> bool:
    """Whether answers hold what a metric is about: a test may have asked for no texts."""
    return arm_scores.exam.texts or not texts_asked(arm_scores.task, arm_scores.labels, metric)


def _both(a: ArmScores, b: ArmScores, metric: str) -> list[float]:
    """Mean over seeds of A and of B."""
    return [float(a.told(metric).mean()), float(b.told(metric).mean())]


def flip_counts(a: ArmScores, b: ArmScores, metric: str) -> dict[str, int]:
    """Rows that B gets right and A wrong, and the reverse, over all seeds; empty where no row is right or wrong."""
    of_a, of_b = rights(a, metric), rights(b, metric)
    if of_a is None or of_b is None:
        return {}
    won, lost = flips(of_a, of_b)
    return {"won": won, "lost": lost}


def flipped_rows(a: ArmScores, b: ArmScores, metric: str) -> dict[str, list[int]]:
    """Numbers of the rows that most seeds agree on: `won` by B, and `lost`; the clearest first."""
    of_a, of_b = rights(a, metric), rights(b, metric)
    if of_a is None or of_b is None:
        return {"won": [], "lost": []}
    apart = (of_b - of_a).mean(0)
    order = np.argsort(-np.abs(apart), kind="stable")
    sides = {"won": order[apart[order] > 0], "lost": order[apart[order] < 0]}
    return {name: [int(row) for row in rows[:_SHOWN]] for name, rows in sides.items()}


def costs(pairs: Sequence[Pair], prices: Prices) -> tuple[dict[str, float], dict[str, Any]]:
    """What all runs took, `seconds`, `device_hours`, `new_seconds` (of runs that the test trained itself) and `money`;
    and the same of each arm, with its memory, failures and reused runs."""
    arms = {name: [pair.sides[side] for pair in pairs] for side, name in enumerate("ab")}
    fresh = [
        side.seconds for pair in pairs for side, reused in zip(pair.sides, pair.seen.reused, strict=True) if not reused
    ]
    every = [result for results in arms.values() for result in results]
    total = {**_cost(every, prices), "new_seconds": float(sum(fresh))}
    detail: dict[str, Any] = {}
    for side, (name, results) in enumerate(arms.items()):
        detail[name] = {
            **_cost(results, prices),
            "peak_memory_bytes": max(result.peak_memory_bytes for result in results),
            "failed": sum(bool(result.failed) for result in results),
            "reused": sum(pair.seen.reused[side] for pair in pairs),
            "size": max(result.size for result in results),
            "device": results[0].device,
        }
        times = [value for pair in pairs for value in pair.seen.latency[side]]
        if times:
            detail[name] |= {"p50_ms": float(np.quantile(times, 0.5)), "p99_ms": float(np.quantile(times, 0.99))}
    return total, detail


def _cost(results: Sequence[Result], prices: Prices) -> dict[str, float]:
    """Seconds, device hours, and money where every device has its price."""
    seconds = float(sum(result.seconds for result in results))
    found = {"seconds": seconds, "device_hours": seconds / 3600}
    prices_of = [prices.of(result.device, result.seconds / 3600) for result in results]
    known = [price for price in prices_of if price is not None]
    return {**found, "money": sum(known)} if len(known) == len(results) else found


__all__ = [
    "ROWS",
    "Pair",
    "Seen",
    "Sides",
    "costs",
    "described",
    "flip_counts",
    "flipped_rows",
    "latencies",
    "pairs_ahead",
    "rights",
    "run_pair",
]
