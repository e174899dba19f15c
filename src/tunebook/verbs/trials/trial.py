"""One trial of a search: a table trained with each seed, watched, and stopped where it is hopeless."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import RunError, TunebookError
from tunebook.core.files import write_whole
from tunebook.core.nouns import DataRef, ParamTable, Plan
from tunebook.core.progress import Progress, Silent
from tunebook.core.registry import tasks
from tunebook.core.writes import texts_asked
from tunebook.verbs.engines.seam import chosen
from tunebook.verbs.steps.answers import answers
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, find_run

# Failures of the place rather than of the table: every further trial would meet them too.
FATAL = frozenset(
    {
        "machine.disk",
        "machine.write",
        "machine.files",
        "machine.device",
        "machine.extra",
        "engine.lost",
        "engine.versions",
        "run.interrupted",
        "run.busy",
        "run.data",
    }
)
BLOCKS = 12  # groups of validation rows that the Wilcoxon test pairs

Kind = Literal["look", "blocks"]
# (number of the seed, what is told, values) -> why the trial is to stop, empty to go on
Tell = Callable[[int, Kind, list[float]], str]


@dataclass(frozen=True)
class Job:
    """What a trial trains.

    Attributes:
        table: the whole table of the trial.
        data: folder of the book's prepared rows.
        seeds: the same in every trial.
        folder: where this search keeps its runs; `elsewhere` where finished runs may be taken from.
        blocks: number of groups of validation rows to score each seed on; 0 for none.
        allow: as `plan` takes it.
    """

    number: int
    table: ParamTable
    data: Path
    seeds: tuple[int, ...]
    folder: Path
    elsewhere: Path
    blocks: int = 0
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Done:
    """How a trial ended.

    Attributes:
        state: `complete`, `pruned`, `failed`, or `stopped` where the time was over.
        scores: the metric on the validation rows, of each seed that was trained to the end.
        runs: names of the runs' folders.
        why: reason of any state but `complete`.
    """

    state: Literal["complete", "pruned", "failed", "stopped"]
    scores: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    seconds: float = 0.0
    why: str = ""

    @property
    def score(self) -> float | None:
        """Mean over the seeds; None before all of them have ended."""
        return sum(self.scores) / len(self.scores) if self.state == "complete" else None


class StoppedError(Exception):
    """A trial is not worth going on with, or its time is over."""


class _Judge:
    """Watches a run, tells of each look, and ends the run when told to."""

    def __init__(self, metric: str, tell: Callable[[list[float]], str], progress: Progress | None) -> None:
        self.metric = metric
        self.tell = tell
        shown = progress or Silent()
        self.start, self.advance, self.finish = shown.start, shown.advance, shown.finish
        self.values: list[float] = []

    def look(self, step: int, scores: Mapping[str, float]) -> None:
        """Tell of all looks so far.

        Raises:
            StoppedError: the answer was a reason to stop.
        """
        self.values.append(scores[self.metric])
        _heed(self.tell(list(self.values)))


def _heed(why: str) -> None:
    if why:
        raise StoppedError(why)


def run_trial(job: Job, tell: Tell, progress: Progress | None = None) -> Done:
    """Train a table with each seed; runs of the same plan that have finished are taken as they are.

    Raises:
        TunebookError: what would meet every further trial too (`FATAL`).
    """
    start = time.perf_counter()
    scores: list[float] = []
    runs: list[str] = []

    def done(state: Any, why: str = "") -> Done:
        return Done(state, scores, runs, time.perf_counter() - start, why)

    try:
        data = _data(job.data)
        for place, seed in enumerate(job.seeds):
            made = plan(job.table, data, seed=seed, allow=job.allow)
            try:
                run = _run(job, made, _judge(made, tell, place, progress))
            finally:
                runs += [found.id for found in [find_run(job.folder, made)] if found is not None]
            scores.append(_score(run))
            if job.blocks:
                _heed(tell(place, "blocks", block_scores(run, data, job.blocks, job.folder)))
    except StoppedError as stop:
        return done("pruned", str(stop))
    except TunebookError as error:
        if error.code in FATAL:
            raise
        return done("failed", f"[{error.code}] {error.message}")
    except MemoryError:
        return done("failed", "MemoryError")
    return done("complete")


def _data(folder: Path) -> DataRef:
    from tunebook.data.frozen import open_data

    return open_data(folder)


def _judge(made: Plan, tell: Tell, place: int, progress: Progress | None) -> _Judge:
    return _Judge(made.params.metric, lambda values: tell(place, "look", values), progress)


def _run(job: Job, made: Plan, judge: _Judge) -> Run:
    """A finished run of the plan: one that there is, else trained now."""
    for folder in (job.folder, job.elsewhere):
        found = find_run(folder, made)
        if found is not None and found.finished:
            looks = [entry[name] for entry in found.history if (name := f"eval_{judge.metric}") in entry]
            judge.tell(looks)  # others are compared with it; it costs nothing itself, whatever the answer
            return found
    return chosen().train(made, job.folder, judge)


def _score(run: Run) -> float:
    """The plan's metric on the validation rows.

    Raises:
        RunError: `search.score` where it is no number.
    """
    metric = run.plan.params.metric
    score = run.validation_scores.get(metric, math.nan)
    if not math.isfinite(score):
        raise RunError("search.score", key=metric, value=score)
    return score


def block_scores(run: Run, data: DataRef, blocks: int, folder: Path) -> list[float]:
    """What each block of validation rows says of a run's kept model, kept in the run's folder."""
    import json

    kept = folder / run.id / "blocks.json"
    if kept.is_file():
        values: list[float] = json.loads(kept.read_text(encoding="utf-8"))
        return values
    from tunebook.data.load import load

    made = run.plan
    rows = load(data, "validation")
    assert rows.targets is not None
    task = tasks()[made.task]()
    targets, metric = rows.targets, task.metric(made.labels, made.params.metric)
    logits = answers(run, rows, "validation", texts=texts_asked(task, made.labels, metric.key))

    def score(chosen: NDArray[np.intp]) -> float:
        return metric.value(metric.rows(logits[chosen], targets[chosen], made.labels))

    values = pseudo_values(score, len(rows), blocks)
    write_whole(kept, json.dumps(values))
    return values


def pseudo_values(score: Callable[[NDArray[np.intp]], float], rows: int, blocks: int) -> list[float]:
    """Jackknife pseudo-values of a score, one a block of rows.

    With B blocks and s(-b) the score without block b: B s - (B - 1) s(-b). For a mean over rows that is the mean of the
    block, and for any other score (F1, a correlation) a value of its kind whose mean is about the score itself, so that
    blocks of two models can be paired. Blocks are drawn by chance once, the same for every model.

    Source: Tukey 1958; Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 11.
    """
    order = np.random.default_rng(0).permutation(rows)
    count = min(blocks, rows)
    whole = score(np.arange(rows))
    parts = np.array_split(order, count)
    return [float(count * whole - (count - 1) * score(np.sort(np.setdiff1d(order, part)))) for part in parts]


__all__ = [
    "BLOCKS",
    "FATAL",
    "Done",
    "Job",
    "Kind",
    "StoppedError",
    "Tell",
    "block_scores",
    "pseudo_values",
    "run_trial",
]
