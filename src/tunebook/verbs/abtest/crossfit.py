"""Cross-fitting: each validation row is answered by the checkpoint that the rows of the other folds choose.

A run keeps the best of its looks on the validation rows. Judged on the same rows that checkpoint seems better than it
is, and the more looks, the more so: a table that only looks more often would win. Here no row has a say in who answers
it, all rows are used, and nothing is trained again (`tunebook.core.kept_looks` says what a training keeps for this).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import fits, stacked
from tunebook.core.kept_looks import KeptLooks, rows_key
from tunebook.core.kind import Link
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.stats.calibration import log_softmax
from tunebook.verbs.abtest.arms import Load, Result
from tunebook.verbs.abtest.exam import Exam
from tunebook.verbs.steps.answers import answers, known_answers
from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]


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
        logits = known_answers(run, exam.rows, exam.place)
    else:
        model, cache = load or result.load, run.book / "cache"
        logits = answers(run, exam.rows, exam.place, ask=lambda: model().logits(exam.rows, progress, cache=cache))
    return None if logits is None else Answers(logits, uncrossed=uncrossed(run, exam))


def _looks(run: Run, exam: Exam) -> KeptLooks | None:
    """The looks of a run at these very rows, all of whose answers are whole."""
    found = KeptLooks.read(run.path) if exam.place == "validation" else None
    if found is None or not found.complete or found.rows != rows_key(exam.targets) or found.damage():
        return None
    one = found.crossed() if found.rule == "own" else found.answers(found.chosen()[0])
    return found if fits(one, len(exam.rows), exam.targets) else None


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


__all__ = ["Answers", "answers_of", "crossed", "uncrossed"]
