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

from tunebook.abtest.exam import Exam
from tunebook.core.kept_looks import KeptLooks, rows_key
from tunebook.core.kinds import NUMBERS, either
from tunebook.metrics.calibration import log_softmax
from tunebook.verbs.runs import Run

Array = NDArray[Any]
# Metrics that hold the answer to one row against those to others, which only means something on one scale.
COMPARING = frozenset({"auc", "spearman", "pearson"})


@dataclass(frozen=True)
class Answers:
    """What a run answers to rows.

    Attributes:
        logits: shape (N, outputs).
        aligned: the same on one scale, for the metrics in `COMPARING`; None where one look answered all rows.
        uncrossed: the checkpoint that answered was chosen on these very rows, among several.
    """

    logits: Array
    aligned: Array | None = None
    uncrossed: bool = False


def crossed(run: Run, exam: Exam, problem: str) -> Answers | None:
    """What the looks of a run answered to its validation rows, each fold by the look that the others choose.

    Args:
        problem: kind of the labels, as in `Labels`.

    Returns:
        None where the run has kept no looks at these rows, or they are damaged.
    """
    looks = _looks(run, exam)
    if looks is None:
        return None
    if looks.rule == "own":
        return Answers(looks.crossed())
    kept, *chosen = looks.chosen()
    answered = {step: looks.answers(step) for step in {kept, *chosen}}
    steps = np.array(chosen)[looks.folds()]
    if len(set(chosen)) == 1:
        return Answers(answered[chosen[0]])
    return Answers(_gathered(answered, steps), _aligned(answered, steps, answered[kept], problem))


def _looks(run: Run, exam: Exam) -> KeptLooks | None:
    """The looks of a run at these very rows, all of whose answers are whole."""
    found = KeptLooks.read(run.path) if exam.place == "validation" else None
    if found is None or not found.complete or found.rows != rows_key(exam.targets) or found.damage():
        return None
    one = found.crossed() if found.rule == "own" else found.answers(found.chosen()[0])
    return found if exam.fits(one) else None


def uncrossed(run: Run, exam: Exam) -> bool:
    """Whether a run answers these rows by a checkpoint that they have chosen among several: it has kept no looks, as
    runs before this version and means of several runs, or they are damaged."""
    looked = ["eval_loss" in entry for entry in run.history]
    chosen = exam.place == "validation" and (sum(looked) > 1 or not looked)
    return chosen and _looks(run, exam) is None


def _gathered(answered: dict[int, Array], steps: Array) -> Array:
    """Of each row what the look after its step answered; steps (N,)."""
    found = np.empty_like(next(iter(answered.values())))
    for step, logits in answered.items():
        found[steps == step] = logits[steps == step]
    return found


def _aligned(answered: dict[int, Array], steps: Array, kept: Array, problem: str) -> Array | None:
    """The answers of all looks on the scale of the kept one: of each row and output, the value at which that one has as
    large a share of all rows below it as the look that answered. Labels have no part in this. None where an answer is
    no number."""
    if not all(np.isfinite(logits).all() for logits in answered.values()):
        return None
    shares = either(problem, ["single_label"], ["multi_label", *NUMBERS])
    values = {step: log_softmax(x) if shares else x for step, x in (*answered.items(), (-1, kept))}
    wanted = np.sort(values.pop(-1), axis=0)
    columns = range(wanted.shape[1])
    moved = {
        step: np.stack([_placed(item[:, column], wanted[:, column]) for column in columns], axis=1)
        for step, item in values.items()
    }
    return _gathered(moved, steps)


def _placed(values: Array, wanted: Array) -> Array:
    """Values (N,) replaced by those of the same ranks in a sorted array (N,); equal ones stay equal."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(np.interp(middle[group], np.arange(len(wanted)), wanted))


__all__ = ["COMPARING", "Answers", "crossed", "uncrossed"]
