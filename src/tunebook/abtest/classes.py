"""Classes of a test's rows: how many rows each has, whether they are found, and which classes can be watched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tunebook.abtest.exam import Exam
from tunebook.abtest.marks import Marks
from tunebook.core.kinds import either

Array = NDArray[Any]
Both = tuple[Marks, Marks]
_STOPPED = 0.1  # of the tests of equal tables may be stopped by their classes, all together
_WIDTH = 2.1  # standard errors to the end of a guardrail's interval, at the last look of a test of 5 seeds
# Variance of a gain in recall: of a row in all seeds alike, of a row in each seed, of a seed (2 points in each arm).
_OF_ROW, _OF_ANSWER, _OF_SEED = 0.013, 0.07, 2 * 0.02**2


def class_sizes(exam: Exam) -> list[int]:
    """Rows of each class, in the order of the head's outputs; classes behind the last that occurs are left out."""
    targets = exam.targets
    counts = targets.sum(0) if targets.ndim == 2 else np.bincount(targets.astype(np.int64))
    return [int(count) for count in counts]


def holdable(rows: int, seeds: int, classes: int) -> float:
    """The margin that one of so many watched classes can hold: equal tables then break one in 10 % of tests at most.

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


def class_rows(marks: Both) -> dict[str, tuple[Array, Array]]:
    """Class -> whether its rows are found by each run of A and of B, two arrays (K, rows of the class)."""
    first = marks[0]
    targets = first.exam.targets
    if first.labels.problem == "regression":
        return {}
    if either(first.labels.problem, ["multi_label"], ["single_label", "ordinal"]):
        found = [np.nan_to_num(side.logits) > 0 for side in marks]
        masks = {name: targets[:, column] > 0 for column, name in enumerate(first.labels.names)}
        return {
            name: (found[0][:, mask, column].astype(float), found[1][:, mask, column].astype(float))
            for column, (name, mask) in enumerate(masks.items())
        }
    a, b = (side.rows("accuracy") for side in marks)
    assert a is not None and b is not None  # every row of one class is right or wrong
    return {name: (a[:, targets == code], b[:, targets == code]) for code, name in enumerate(first.labels.names)}


__all__ = ["class_rows", "class_sizes", "holdable", "watched"]
