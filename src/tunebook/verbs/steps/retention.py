"""Retention: what a run that continues from others still knows of their tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebook.core.lineage import Retention, TaskRetention
from tunebook.core.nouns import DataRef, Interval, Plan, Report, Split, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import tasks
from tunebook.core.writes import texts_asked
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.task import Rows
    from tunebook.stats.bootstrap import Units

FILE = "retention.json"
_RESAMPLES = 500
Score = Callable[[NDArray[np.int64]], float]


def retention(run: Run, report: Report, progress: Progress | None = None) -> Retention | None:
    """Score a run on the test rows of all runs before it, beside the runs that learned those; write retention.json.

    Args:
        run: a run that continues from another.
        report: of this run, on its own test rows.

    Returns:
        None where no run before it has test rows.

    Raises:
        RunError: a run before it, or its rows, are no longer there.
    """
    from tunebook.engine.continual import ancestors, data_of

    plan = run.plan
    before = [(path, theirs) for path, theirs in ancestors(plan) if data_of(theirs, plan.labels).rows.get("test")]
    if not before:
        return None
    metric = report.headline
    found = Retention(
        run=run.id,
        metric=metric,
        tasks=[_earlier(Run(path), theirs, run, before, progress) for path, theirs in reversed(before)],
        own=_of_report(report, metric),
        before=_untrained(run, progress),
        chance=report.baselines.get("majority", {}).get(metric),
    )
    write_json(found, run.path / FILE)
    return found


def read_retention(run: Run) -> Retention | None:
    """The retention of a run; None where it was not measured."""
    path = run.path / FILE
    found: Retention | None = read_json(Retention, path) if path.is_file() else None
    return found


def _earlier(
    old: Run, theirs: Plan, run: Run, chain: list[tuple[Path, Plan]], progress: Progress | None
) -> TaskRetention:
    """What is left of the task that an older run has learned."""
    from tunebook.data.load import load
    from tunebook.engine.continual import data_of

    plan, data = run.plan, data_of(theirs, run.plan.labels)
    rows = load(data, "test")
    units = units_of(rows, data)
    learned, final = (scored(one, rows, data, "test", plan.params.metric, progress) for one in (old, run))
    every = np.arange(len(rows))
    later = [read_retention(Run(path)) for path, _ in chain]
    seen = [task.final.value for item in later if item is not None for task in item.tasks if task.run == old.id]
    return TaskRetention(
        run=old.id,
        book=theirs.data_path.parent.name,
        rows=len(rows),
        learned=interval(learned, units),
        best=max([learned(every), *seen]),
        final=interval(final, units),
        lost=interval(lambda chosen: learned(chosen) - final(chosen), units),
    )


def _untrained(run: Run, progress: Progress | None) -> Interval:
    """Score on a run's own test rows of the model that it continues from."""
    from tunebook.data.load import load
    from tunebook.engine.continual import ancestors, data_of

    plan, data = run.plan, data_of(run.plan, run.plan.labels)
    rows = load(data, "test")
    parent, _ = next(ancestors(plan))
    before = scored(Run(parent), rows, data, "test", plan.params.metric, progress)
    return interval(before, units_of(rows, data))


def scored(run: Run, rows: Rows, data: DataRef, split: Split, metric: str, progress: Progress | None = None) -> Score:
    """A metric of a run's model as a function of row numbers, for the rows of a split with labels of which it may know
    only some."""
    assert rows.targets is not None
    plan = run.plan
    task, labels = tasks()[plan.task](), data.labels
    texts = texts_asked(task, labels, metric)
    said = answers(run, rows, place_of(plan, data, split), progress=progress, texts=texts)
    logits = task.renamed(said, plan.labels, labels)
    return task.scorer(logits, rows.targets, labels, metric)


def units_of(rows: Rows, data: DataRef) -> Units:
    """What was drawn of some rows: each of them, or their groups."""
    from tunebook.data.load import group_codes
    from tunebook.stats.bootstrap import Units

    return Units.of(len(rows), group_codes(rows, data.roles))


def interval(score: Score, units: Units) -> Interval:
    """Of a function of row numbers, or of a difference of two, which are then paired."""
    from tunebook.stats.bootstrap import bootstrap_interval

    return bootstrap_interval(score, units, resamples=_RESAMPLES, method="percentile")


def _of_report(report: Report, metric: str) -> Interval:
    value = report.metrics[metric]
    return report.intervals.get(metric) or Interval(value=value, low=value, high=value)


__all__ = ["FILE", "interval", "read_retention", "retention", "scored", "units_of"]
