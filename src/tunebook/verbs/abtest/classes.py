"""Classes of a test's rows: how many rows each has, whether they are found, and which classes can be watched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tunebook.core.nouns import Labels
from tunebook.core.task import Task
from tunebook.verbs.abtest.scored import ArmScores, Exam

Array = NDArray[Any]
Both = tuple[ArmScores, ArmScores]
_STOPPED = 0.1  # of the tests of equal tables may be stopped by their classes, all together
_WIDTH = 2.25  # standard errors to the end of a guardrail's interval, at a look of 5 seeds of the usual three
# Variance of a gain in recall: of a row in all seeds alike, of a row in each seed, of a seed (2 points in each arm).
_OF_ROW, _OF_ANSWER, _OF_SEED = 0.013, 0.07, 2 * 0.02**2


class ClassRows(NamedTuple):
    """The rows of a class: whether each run of A, and of B, finds them, (K, rows); and their groups, if there are."""

    of_a: Array
    of_b: Array
    groups: Array | None

    @property
    def units(self) -> int:
        """Groups, or rows that each stand for themselves."""
        return self.of_a.shape[1] if self.groups is None else len(np.unique(self.groups))


def class_sizes(exam: Exam, task: Task, labels: Labels) -> list[int]:
    """Rows that have each class, or groups that have some, in the order of the classes; empty where there are none."""
    masks = task.present(exam.targets, labels).T > 0
    return [int(mask.sum()) if exam.groups is None else len(np.unique(exam.groups[mask])) for mask in masks]


def holdable(rows: int, seeds: int, classes: int) -> float:
    """The margin that one of so many watched classes can hold.

    Equal tables then break one in about 10 % of the tests, if seeds move the recall of a class by up to one point.
    Every watched class may stop a test, so the more there are, the surer each must be. How far a gain in recall strays
    by its rows and seeds is as in the benchmark GUARDS. A fall by the margin is seen in 19 of 20 tests whatever it is.
    """
    error = math.sqrt((_OF_ROW + _OF_ANSWER / seeds) / rows + _OF_SEED / seeds)
    return (_WIDTH + float(ndtri(1 - _STOPPED / classes))) * error


def watched(sizes: Sequence[int], seeds: int, widest: float) -> tuple[int, int]:
    """How many classes can hold a margin of `widest` beside each other, and the rows of the smallest of them.

    Where none can, the number is 0 and the rows are more than any class has.
    """
    for least in sorted(size for size in sizes if size):
        classes = sum(size >= least for size in sizes)
        if holdable(least, seeds, classes) <= widest:
            return classes, least
    return 0, max(sizes, default=0) + 1


def class_rows(arm_scores: Both) -> dict[str, ClassRows]:
    """Class -> its rows, and whether they are found; rows that have a class several times stand there as often."""
    task, labels, exam = arm_scores[0].task, arm_scores[0].labels, arm_scores[0].exam
    present = task.present(exam.targets, labels)
    sides = [np.stack([task.found(run, exam.targets, labels) for run in side.logits]) for side in arm_scores]
    found = {}
    for place in range(present.shape[1]):
        times = present[:, place]
        rows = np.repeat(np.arange(len(times)), times)
        number = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)  # of those in its row
        groups = exam.groups if exam.groups is not None or times.max(initial=0) < 2 else np.arange(len(times))
        a, b = ((side[:, rows, place] > number).astype(float) for side in sides)
        found[labels.names[place]] = ClassRows(a, b, None if groups is None else groups[rows])
    return found


__all__ = ["ClassRows", "class_rows", "class_sizes", "holdable", "watched"]
