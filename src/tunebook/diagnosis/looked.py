"""The rows of a split beside what a run answers to them: what every part of a diagnosis looks at."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError, PlanError
from tunebook.core.files import part_of
from tunebook.core.nouns import DataRef, Labels, Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.diagnosis.records import By
from tunebook.verbs.steps.answers import answers, model_key, place_of
from tunebook.verbs.steps.retention import units_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.answers import Answers, Rows
    from tunebook.core.metric import Metric
    from tunebook.core.task import Task
    from tunebook.stats.bootstrap import Units

FAR = "mae"  # metric of how far off numbers are
_RIGHT = 1e-9  # error mass up to which a row is wholly right


@dataclass(frozen=True)
class Looked:
    """A split of a book and a run's answers to it.

    Attributes:
        rows: labelled; answers: to them, shape (N, k).
        measure: key of the metric by which rows are wrong.
        mass: of each row how wrong it is, from 0 to 1, shape (N,).
    """

    run: Run
    data: DataRef
    split: Split
    rows: Rows
    answers: Answers
    measure: str
    mass: NDArray[np.float64]
    progress: Progress | None = None

    @cached_property
    def task(self) -> Task:
        """Of the run."""
        return task_of(self.run.plan.task)()

    @property
    def labels(self) -> Labels:
        """Of the run's head."""
        return self.run.plan.labels

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which rows are not wholly right, shape (N,)."""
        return self.mass > _RIGHT

    @cached_property
    def by(self) -> By:
        """What the measure tells of a row: whether it is right, how far off its number is, or its place in an order."""
        from tunebook.stats.ranking import Compared

        if self.measure == FAR:
            return "far"
        assert self.rows.targets is not None  # rows without labels are refused
        parts = self.task.metric(self.labels, self.measure).rows(self.answers, self.rows.targets, self.labels)
        return "places" if isinstance(parts, Compared) and parts.answers.ndim == 1 else "rows"

    @cached_property
    def units(self) -> Units:
        """What was drawn: rows or groups of them."""
        return units_of(self.rows, self.data)

    @cached_property
    def said(self) -> list[dict[str, Any]]:
        """The answers in the user's words."""
        return self.task.say(self.answers, self.rows, self.labels)

    @cached_property
    def true(self) -> list[Any]:
        """The true ones."""
        assert self.rows.targets is not None
        return self.task.true(self.rows.targets, self.rows, self.labels)

    def load(self, split: Split) -> Rows:
        """The rows of a split."""
        from tunebook.data.load import load

        return self.rows if split == self.split else load(self.data, split)

    def answers_of(self, split: Split) -> Answers:
        """What the run answers to another split."""
        if split == self.split:
            return self.answers
        place = place_of(self.run.plan, self.data, split)
        return answers(self.run, self.load(split), place, progress=self.progress)

    def mass_of(self, split: Split) -> NDArray[np.float64]:
        """The error mass of the rows of another split, by the same measure."""
        if split == self.split:
            return self.mass
        targets = self.load(split).targets
        assert targets is not None
        return masses(self.task, self.answers_of(split), targets, self.labels, self.measure)

    def features(self, split: Split) -> NDArray[np.float32]:
        """What the run's own encoder makes of the rows of a split: means over tokens, of length 1, shape (N, hidden);
        made once and kept with the run.

        Raises:
            ModelError: `model.damaged`.
        """
        from tunebook.engine.load import load_model
        from tunebook.engine.pooled import pooled

        rows, key = self.load(split), model_key(self.run)
        at = self.run.path / "features" / f"{split}.npz"
        with suppress(OSError, ValueError, KeyError, EOFError), np.load(at) as kept:
            if str(kept["rows"]) == rows.texts_id and str(kept["model"]) == key:
                found: NDArray[np.float32] = kept["features"]
                return found
        made = pooled(load_model(self.run.model, self.run.plan), rows, self.progress)
        with suppress(OSError), part_of(at) as part, part.open("wb") as stream:
            np.savez(stream, features=made, rows=np.array(rows.texts_id), model=np.array(key))
        return made


def has_classes(labels: Labels) -> bool:
    """Whether each row has one class."""
    return labels.kind.classes in ("one", "ordered")


def look(run: Run, split: Split = "validation", progress: Progress | None = None) -> Looked:
    """Ask a run for its answers to a split, or find them where they are kept.

    Raises:
        PlanError: `errors.task`, its task gives no row a score. DataError: `data.no_split`, `data.no_labels`. RunError:
            the run has not finished.
    """
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.engine.continual import numbered

    plan = run.plan
    _ = run.model  # refuses an unfinished run before anything is read
    own = prepared_data(plan)
    data = numbered(own, plan.labels) if plan.continues is not None else own
    if not data.rows.get(split):
        allowed = " | ".join(name for name, count in data.rows.items() if count)
        raise DataError("data.no_split", key=split, value=0, allowed=allowed)
    rows = load(data, split)
    if rows.targets is None:
        raise DataError("data.no_labels", key=split)
    task = task_of(plan.task)()
    said = answers(run, rows, place_of(plan, data, split), progress=progress)
    measure = measure_of(task, said, rows.targets, plan.labels, plan.params.metric)
    if not measure:
        raise PlanError("errors.task", key=run.id, value=plan.task)
    mass = masses(task, said, rows.targets, plan.labels, measure)
    return Looked(run, data, split, rows, said, measure, mass, progress)


def measure_of(task: Task, said: Answers, targets: NDArray[Any], labels: Labels, first: str = "") -> str:
    """The metric by which rows are wrong: `first`, where it lies between 0 and 1 and says something of a single row;
    else of the means of rows that do the one that tells most rows apart; else, of numbers, how far off they are, or how
    far from their place in the order of all. Empty where there is none of them; but for `first`, one that holds every
    row for wholly wrong is taken last.

    Args:
        first: the metric that the run was judged by.
    """
    metrics = task.metrics(labels)
    found = [
        (one.key != first, not each.any(), one.fold is not None, -len(np.unique(each)), one.key)
        for one in metrics
        if (one.better, one.low, one.high) == ("more", 0, 1) and (each := _each(one, said, targets, labels)) is not None
    ]
    if found:
        return min(found, key=lambda one: one[:4])[4]
    far = [one.key for one in metrics if one.key == FAR]
    return next(iter(far or [one.key for one in metrics if _each(one, said, targets, labels) is not None]), "")


def masses(task: Task, said: Answers, targets: NDArray[Any], labels: Labels, measure: str) -> NDArray[np.float64]:
    """How wrong each row is by a measure, from 0 to 1, shape (N,): one less its score, or of numbers how far off it is
    as a share of the span of the training rows' numbers."""
    metric = task.metric(labels, measure)
    found = _each(metric, said, targets, labels)
    assert found is not None
    if metric.better == "more":
        return np.clip(1.0 - found, 0.0, 1.0)
    span = (labels.high or 0.0) - (labels.low or 0.0)
    return np.clip(found / span, 0.0, 1.0) if span > 0 else (found > 0).astype(np.float64)


def _each(metric: Metric, said: Answers, targets: NDArray[Any], labels: Labels) -> NDArray[np.float64] | None:
    """The score of each row by itself, shape (N,): what it adds to a mean, or what its own sums make; None for a metric
    that says nothing of one row. A row with nothing to find, where nothing was found, is right."""
    from tunebook.stats.ranking import Compared

    parts = metric.rows(said, targets, labels)
    if isinstance(parts, Compared) and parts.varied and parts.answers.ndim == parts.targets.ndim == 1:
        places = [_places(values) for values in (parts.answers, parts.targets)]
        return np.asarray(1 - np.abs(places[0] - places[1]))
    if metric.fold is None or not isinstance(parts, np.ndarray):
        return metric.each(parts)
    return np.nan_to_num(np.asarray(metric.fold(parts), dtype=np.float64), nan=1.0)


def _places(values: NDArray[Any]) -> NDArray[np.float64]:
    """Where each value stands in the order of all, from 0 to 1; equal ones share the middle of their places."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(values) - 1) / max(len(values) - 1, 1))


__all__ = ["FAR", "Looked", "has_classes", "look", "masses", "measure_of"]
