"""Rows that models are examined on, their answers by checkpoints that these rows did not choose, and their scores.

A run keeps the best of its looks on the validation rows. Judged on the same rows that checkpoint seems better than it
is, and the more looks, the more so: a table that only looks more often would win. Here no row has a say in who answers
it, all rows are used, and nothing is trained again (`tunebook.core.kept_looks` says what a training keeps for this).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import fits, stacked
from tunebook.core.kept_looks import KeptLooks, rows_key
from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of, tasks
from tunebook.core.task import Task
from tunebook.core.writes import Writes
from tunebook.core.written import Written
from tunebook.stats.calibration import log_softmax
from tunebook.verbs.abtest.arms import Load, Result
from tunebook.verbs.abtest.exams import Exam, file_exam, split_exam
from tunebook.verbs.steps.answers import answers, known_answers
from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]
_STILL = 1e-6  # numbers that differ by less, as a share of their size, are the same answer


@dataclass(frozen=True)
class Answers:
    """What a run answers to rows.

    Attributes:
        logits: shape (N, outputs).
        aligned: the same on one scale, for metrics that compare rows; None where one look answered all rows.
        uncrossed: the checkpoint that answered was chosen on these very rows, among several.
    """

    logits: Array
    aligned: Array | None = None
    uncrossed: bool = False


def crossed(run: Run, exam: Exam, link: Link | None) -> Answers | None:
    """What the looks of a run answered to its validation rows, each fold by the look that the others choose.

    Args:
        link: of the kind of the labels; None where no metric compares the answer to one row with those to others,
            which means something on one scale only.

    Returns:
        None where the run has kept no looks at these rows, or they are damaged.
    """
    looks = _looks(run, exam)
    if looks is None:
        return None
    if looks.rule == "own":
        return Answers(looks.crossed())
    kept, *chosen = looks.chosen()
    steps = sorted({kept, *chosen})
    parts = stacked([looks.answers(step) for step in steps])
    if len(set(chosen)) == 1:
        return Answers(parts[steps.index(chosen[0])])
    rows = np.searchsorted(steps, chosen)[looks.folds()], np.arange(len(looks.folds()))
    aligned = None if link is None else _aligned(parts, parts[steps.index(kept)], link)
    return Answers(parts[rows], None if aligned is None else aligned[rows])


def answers_of(
    result: Result, exam: Exam, load: Load | None = None, progress: Progress | None = None
) -> Answers | None:
    """What a run answers in an exam: its looks to the rows that chose among them, its model to all others. A model that
    is gone is not needed where its answers were kept.

    Args:
        load: gives the model, where the caller will need it again.

    Returns:
        None where it has neither.
    """
    run, labels = result.run, result.plan.labels
    compared = any(metric.compares for metric in task_of(result.plan.task)().metrics(labels))
    crossfit = crossed(run, exam, labels.kind.link if compared else None)
    if crossfit is not None:
        return crossfit
    if result.folder is None:
        logits = known_answers(run, exam.rows, exam.place, texts=exam.texts)
    else:
        model, cache = load or result.load, run.book / "cache"

        def ask() -> Array:
            return model().logits(exam.rows, progress, cache=cache, texts=exam.texts)

        logits = answers(run, exam.rows, exam.place, ask=ask, texts=exam.texts)
    return None if logits is None else Answers(logits, uncrossed=uncrossed(run, exam))


def _looks(run: Run, exam: Exam) -> KeptLooks | None:
    """The looks of a run at these very rows, all of whose answers are whole."""
    found = KeptLooks.read(run.path) if exam.place == "validation" else None
    if found is None or not found.complete or found.rows != rows_key(exam.targets) or found.damage():
        return None
    one = found.crossed() if found.rule == "own" else found.answers(found.chosen()[0])
    if exam.texts and not _said(run, one):
        return None
    return found if fits(one, len(exam.rows), exam.targets) else None


def _said(run: Run, answers: Array) -> bool:
    """Whether answers hold what models write, as far as those of the task do."""
    return not isinstance(task_of(run.plan.task)(), Writes) or bool(np.isfinite(Written.of(answers).made).all())


def uncrossed(run: Run, exam: Exam) -> bool:
    """Whether a run answers these rows by a checkpoint that they have chosen among several: it has kept no looks, as
    runs before this version and means of several runs, or they are damaged."""
    looked = ["eval_loss" in entry for entry in run.history]
    chosen = exam.place == "validation" and (sum(looked) > 1 or not looked)
    return chosen and _looks(run, exam) is None


def _aligned(parts: Array, kept: Array, link: Link) -> Array | None:
    """The answers of looks, (K, N, outputs), on the scale of the kept one, (N, outputs): of each row and output, the
    value at which that one has as large a share of all rows below it. Labels have no part in this. None where an answer
    is no number."""
    if not np.isfinite(parts).all():
        return None
    shares = link == "softmax"
    wanted = np.sort(log_softmax(kept) if shares else kept, axis=0).T
    values = [log_softmax(part).T if shares else part.T for part in parts]
    return np.stack([np.stack([*map(_placed, part, wanted)], axis=1) for part in values])


def _placed(values: Array, wanted: Array) -> Array:
    """Values (N,) replaced by those of the same ranks in a sorted array (N,); equal ones stay equal."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(np.interp(middle[group], np.arange(len(wanted)), wanted))


@dataclass(frozen=True)
class ArmScores:
    """Answers of all runs of an arm to the same rows.

    Attributes:
        logits: shape (K, N, outputs); a run without a model has NaN in all of its rows, and scores 0.
        aligned: the same on one scale for each run, see `Answers`; None stands for `logits`.
        uncrossed: runs that were answered by a checkpoint chosen on these very rows.
    """

    task: Task
    labels: Labels
    exam: Exam
    logits: Array
    aligned: Array | None = None
    uncrossed: int = 0

    def rows(self, metric: str) -> Array | None:
        """Score of each row by each run, shape (K, N), more of which is better; None for a metric that is no mean of
        rows."""
        if metric in self.exam.own:
            own = self.exam.own[metric]
            return own.sign * np.stack([own.values(own.said(run, self.labels)) for run in self.logits])
        found = [self.task.row_scores(run, self.exam.targets, self.labels, metric) for run in self.logits]
        return None if found[0] is None else np.stack([row for row in found if row is not None])

    def scorers(self, metric: str) -> list[Callable[[NDArray[np.int64]], float]]:
        """The metric of each run as a function of row numbers; of one of the owner's more is better."""
        if metric in self.exam.own:
            return [_mean_of(each) for each in self.rows(metric)]  # type: ignore[union-attr]
        runs = self.logits
        if self.aligned is not None and self.task.metric(self.labels, metric).compares:
            runs = self.aligned
        return [self.task.scorer(run, self.exam.targets, self.labels, metric) for run in runs]

    def scores(self, metric: str) -> Array:
        """The metric of each run on all rows, shape (K,)."""
        every = np.arange(len(self.exam.rows))
        return np.array([score(every) for score in self.scorers(metric)])

    def told(self, metric: str) -> Array:
        """The same as people are told it: a cost of the owner's is no negative number, and less of it is better."""
        own = self.exam.own.get(metric)
        return self.scores(metric) * (1 if own is None else own.sign)

    @property
    def collapsed(self) -> list[bool]:
        """Of each run, whether it answers every row in the same way, as a training that went wrong does."""
        return [len(self.exam.rows) > 1 and self._alike(run) for run in self.logits]

    def _alike(self, run: Array) -> bool:
        """Whether answers, shape (N, outputs), say the same of every row."""
        if np.isnan(run).any():  # a run without a model
            return False
        said = self.task.decided(run, self.labels).astype(np.float64)
        return bool(np.ptp(said, axis=0).max() <= _STILL * max(1.0, float(np.abs(said).max())))

    def first(self, runs: int) -> ArmScores:
        """Those of the first few runs."""
        aligned = None if self.aligned is None else self.aligned[:runs]
        return replace(self, logits=self.logits[:runs], aligned=aligned)


def _mean_of(each: Array) -> Callable[[NDArray[np.int64]], float]:
    return lambda rows: float(each[rows].mean())


def scores_of_arm(data: DataRef, exam: Exam, answers: Sequence[Answers | Array | None]) -> ArmScores:
    """Marks of runs from their answers; None for a run without a model."""
    labels = data.labels
    known = [part if part is None or isinstance(part, Answers) else Answers(part) for part in answers]
    lost = (len(exam.rows), labels.outputs)
    logits = [None if part is None else part.logits for part in known]
    aligned = [None if part is None else part.aligned for part in known]
    moved = [plain if one is None else one for plain, one in zip(logits, aligned, strict=True)]
    one_look = all(one is None for one in aligned)
    uncrossed = sum(part.uncrossed for part in known if part is not None)
    task = tasks()[data.task]()
    return ArmScores(task, labels, exam, stacked(logits, lost), None if one_look else stacked(moved, lost), uncrossed)


__all__ = [
    "Answers",
    "ArmScores",
    "Exam",
    "answers_of",
    "crossed",
    "file_exam",
    "scores_of_arm",
    "split_exam",
    "uncrossed",
]
