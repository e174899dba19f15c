"""Classes of a test's rows: how many rows each has, whether they are found, and which classes can be watched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tunebook.abtest.exam import Exam
from tunebook.abtest.marks import Marks
from tunebook.core.kinds import either

Array = NDArray[Any]
Both = tuple[Marks, Marks]
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


def class_sizes(exam: Exam) -> list[int]:
    """Rows of each class, or groups that have some, in the order of the head's outputs, up to the last that occurs."""
    targets = exam.targets
    masks = targets.T > 0 if targets.ndim == 2 else targets == np.arange(targets.max() + 1)[:, None]
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


def class_rows(marks: Both) -> dict[str, ClassRows]:
    """Class -> its rows, and whether they are found."""
    first = marks[0]
    targets, groups = first.exam.targets, first.exam.groups
    if first.labels.problem == "regression":
        return {}
    several = either(first.labels.problem, ["multi_label"], ["single_label", "ordinal"])
    found = {}
    for code, name in enumerate(first.labels.names):
        mask = targets[:, code] > 0 if several else targets == code
        sides = [np.nan_to_num(side.logits)[:, :, code] > 0 if several else side.rows("accuracy") for side in marks]
        a, b = (np.asarray(side, dtype=float)[:, mask] for side in sides)
        found[name] = ClassRows(a, b, None if groups is None else groups[mask])
    return found


__all__ = ["ClassRows", "class_rows", "class_sizes", "holdable", "watched"]
