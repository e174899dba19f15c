"""Which classes have enough rows to be watched, and whether their rows are found."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.ab_book import exam
from tests.scored import TASK, labels_of
from tunebook.core.nouns import Labels
from tunebook.stats.gate import MeanSquares
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.abtest.classes import class_rows, class_sizes, holdable, watched
from tunebook.verbs.abtest.scored import ArmScores, Exam


def of(targets: Any) -> Exam:
    return Exam("validation", "validation", SimpleNamespace(targets=targets), "k")  # type: ignore[arg-type]


def sizes(asked: Exam, kind: str = "single_label") -> list[int]:
    return class_sizes(asked, TASK, labels_of(kind, 3))


def test_rows_of_each_class() -> None:
    asked = exam(50, classes=3)
    assert sizes(asked) == [int((asked.targets == code).sum()) for code in range(3)]
    assert sizes(of(np.array([[1, 0, 1], [1, 0, 0]], dtype=np.float32)), "multi_label") == [2, 0, 1]
    assert sizes(of(np.array([0.0, 2.0, 2.0], dtype=np.float32)), "ordinal") == [1, 0, 2]
    assert sizes(of(np.array([0.0, 2.0, 2.0], dtype=np.float32)), "regression") == []


def test_rows_of_a_group_count_as_one() -> None:
    asked = replace(of(np.array([0, 0, 0, 1, 1])), groups=np.array([4, 4, 7, 4, 4]))
    assert sizes(asked) == [2, 1, 0]
    labels = Labels(problem="single_label", names=["p", "q", "r"])
    side = ArmScores(TextClassification(), labels, asked, np.eye(3)[None, [0, 0, 1, 1, 2]].repeat(2, 0))
    found = class_rows((side, side))
    assert [(rows.of_b[0].tolist(), rows.units) for rows in found.values()] == [([1, 1, 0], 2), ([1, 0], 1), ([], 0)]
    assert np.asarray(found["p"].groups).tolist() == [4, 4, 7]


def test_what_a_class_can_hold_grows_with_their_number_and_shrinks_with_rows_and_seeds() -> None:
    assert holdable(100, 5, 1) == pytest.approx((2.25 + 1.2816) * math.sqrt(0.027 / 100 + 0.0008 / 5), rel=1e-4)
    assert holdable(100, 5, 77) > holdable(100, 5, 2) > holdable(200, 5, 2) > holdable(200, 10, 2)


@pytest.mark.parametrize("sizes", [[900, 400, 300, 80, 70, 60, 3], [250] * 8, [60] * 8, [49, 49], [48, 48], [77, 0]])
def test_as_many_classes_are_watched_as_hold_the_widest_margin_beside_each_other(sizes: list[int]) -> None:
    classes, least = watched(sizes, 5, 0.1)
    assert classes == sum(size >= least for size in sizes)
    if classes:
        assert holdable(least, 5, classes) <= 0.1 and least in sizes
    for size in {size for size in sizes if 0 < size < least}:
        assert holdable(size, 5, sum(other >= size for other in sizes)) > 0.1, "with one more none would be sure"
    assert watched([], 5, 0.1) == (0, 1)


def test_classes_of_equal_tables_seldom_stop_a_test() -> None:
    """Two classes of 60 rows, five seeds that move each by a point in each arm; and one that falls by the margin."""
    draw, margin, tests = np.random.default_rng(0), holdable(60, 5, 2), 1500
    broken = []
    for fall in (0.0, margin):
        rows = draw.normal(0, math.sqrt(0.013), (tests, 1, 60)) + draw.normal(0, math.sqrt(0.07), (tests, 5, 60))
        gains = rows + draw.normal(0, 0.01 * math.sqrt(2), (tests, 5, 1)) - fall
        lower = gains.mean((1, 2)) - MeanSquares.of(gains).half_width(0.05)
        broken.append(float((lower <= -margin).mean()))
    assert 1 - (1 - broken[0]) ** 2 < 0.1 and broken[1] > 0.93


def test_classes_of_several_labels_and_of_numbers() -> None:
    draw = np.random.default_rng(0)
    targets = draw.integers(2, size=(50, 2)).astype(np.float32)
    labels = Labels(problem="multi_label", names=["p", "q"])
    logits = draw.normal(size=(2, 50, 2)).astype(np.float32)
    side = ArmScores(TextClassification(), labels, of(targets), logits)
    found = class_rows((side, side))["q"]
    assert found.of_a.tolist() == [list((run[targets[:, 1] > 0, 1] > 0).astype(float)) for run in logits]
    assert found.groups is None and found.units == int(targets[:, 1].sum())
    regress = ArmScores(TextClassification(), Labels(problem="regression"), of(np.arange(5.0)), np.zeros((2, 5, 1)))
    assert class_rows((regress, regress)) == {}


class Several(TextClassification):
    """Rows that have a class more than once: targets and answers say how often, shape (N, C)."""

    def present(self, targets: Any, labels: Labels) -> Any:
        return targets

    def found(self, answers: Any, targets: Any, labels: Labels) -> Any:
        return np.minimum(answers.astype(int), targets)


def test_a_row_may_have_a_class_several_times() -> None:
    labels = Labels(problem="single_label", names=["p", "q"])
    targets = np.array([[2, 1], [0, 1], [3, 0]])
    runs = np.array([[[1, 1], [5, 0], [3, 0]], [[0, 0], [0, 1], [2, 0]]])
    found = class_rows((ArmScores(Several(), labels, of(targets), runs),) * 2)
    assert found["p"].of_a.tolist() == [[1, 0, 1, 1, 1], [0, 0, 1, 1, 0]]
    assert np.asarray(found["p"].groups).tolist() == [0, 0, 2, 2, 2] and found["p"].units == 2
    assert found["q"].of_b.tolist() == [[1, 0], [0, 1]] and found["q"].groups is None
    asked = replace(of(targets), groups=np.array([7, 7, 9]))
    found = class_rows((ArmScores(Several(), labels, asked, runs),) * 2)
    assert np.asarray(found["p"].groups).tolist() == [7, 7, 9, 9, 9] and np.asarray(found["q"].groups).tolist() == [
        7,
        7,
    ]
    assert class_sizes(asked, Several(), labels) == [2, 1]
