"""A metric by its rows and their sums, on figures made by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tunebook.core.metric import Cells, Drawn, Metric, intervals, scores
from tunebook.core.nouns import Interval, Labels
from tunebook.core.registry import tasks

LABELS = Labels(problem="regression")
ANSWERS, TARGETS = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([1, 0, 1])


def own(answers: Any, targets: Any, labels: Any) -> Any:
    return answers


def test_the_mean_of_rows() -> None:
    metric = Metric("mean", own)
    assert metric.value(ANSWERS) == 3.5 and metric.value(ANSWERS[:, 0]) == 3.0
    assert metric.each(ANSWERS).tolist() == [1.5, 3.5, 5.5] and metric.each(ANSWERS[:, 0]).tolist() == [1, 3, 5]
    assert metric.scorer(ANSWERS)(np.array([0, 0, 2])) == pytest.approx(8.5 / 3)


def test_a_score_of_sums() -> None:
    metric = Metric("share", own, lambda sums: sums[..., 0] / sums[..., 1])
    assert metric.value(ANSWERS) == 9 / 12 and metric.each(ANSWERS) is None
    assert metric.scorer(ANSWERS)(np.array([0, 0, 2])) == 7 / 10


def test_sums_of_whole_numbers_are_exact_and_the_same_however_they_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    parts, rows = draw.integers(0, 9, size=(500, 6)), draw.integers(500, size=700)
    metric = Metric("first", own, lambda sums: sums @ 7.0 ** np.arange(6))
    expected = float(parts[rows].sum(0) @ 7.0 ** np.arange(6))
    assert metric.scorer(parts)(rows) == metric.scorer(parts.astype(float))(rows) == expected
    assert metric.scorer(parts > 4)(rows) == float((parts > 4)[rows].sum(0) @ 7.0 ** np.arange(6))
    for limit in ("_QUICK", "_EXACT"):
        monkeypatch.setattr(f"tunebook.core.metric.{limit}", 1)
        assert metric.scorer(parts)(rows) == expected


def test_no_end_of_an_interval_lies_beyond_what_the_metric_can_be() -> None:
    wide = Interval(value=0.1, low=-0.3, high=1.2)
    metrics = (
        Metric("share", own, interval=lambda *_: wide),
        Metric("ratio", own, high=math.inf, interval=lambda *_: wide),
    )
    found = intervals(iter(metrics), ANSWERS, TARGETS, LABELS)
    assert found["share"] == Interval(value=0.1, low=0.0, high=1.0)
    assert found["ratio"] == Interval(value=0.1, low=0.0, high=1.2)


def test_a_score_of_cells() -> None:
    cells = Cells(np.array([0, 3, 3, 1]), 5)
    metric = Metric("third", own, lambda sums: sums[3] / sums.sum())
    assert cells.sums(slice(None)).tolist() == [1, 1, 0, 2, 0]
    assert metric.value(cells) == 0.5 and metric.each(cells) is None
    assert metric.scorer(cells)(np.array([1, 1, 2, 0])) == 0.75


class Largest(Drawn):
    def whole(self) -> float:
        return 5.0

    def at(self, rows: Any) -> float:
        return float(rows.max())


def test_a_score_without_sums() -> None:
    metric = Metric("largest", own)
    assert metric.value(Largest()) == 5.0 and metric.each(Largest()) is None
    assert metric.scorer(Largest())(np.array([1, 2])) == 2.0


def test_metrics_that_share_their_rows_share_the_work_and_only_some_have_intervals() -> None:
    asked = []

    def rows(answers: Any, targets: Any, labels: Any) -> Any:
        asked.append(labels)
        return answers[:, 0] * targets

    def ends(parts: Any, groups: Any) -> Interval:
        return Interval(value=parts.mean(), low=groups if groups else math.nan, high=1)

    metrics = (Metric("one", rows, interval=ends), Metric("two", rows), Metric("none", rows, interval=lambda *_: None))
    assert scores(metrics, ANSWERS, TARGETS, LABELS) == {"one": 2.0, "two": 2.0, "none": 2.0}
    assert asked == [LABELS]
    assert intervals(metrics, ANSWERS, TARGETS, LABELS) == {}
    found = intervals(metrics, ANSWERS, TARGETS, LABELS, groups=1)  # type: ignore[arg-type]
    assert found == {"one": Interval(value=2.0, low=1, high=1)}


def test_a_task_that_says_nothing_of_classes_has_none() -> None:
    task, labels = tasks()["masked_lm"](), Labels(problem="language_model")
    assert task.present(TARGETS, labels).shape == task.found(ANSWERS, TARGETS, labels).shape == (3, 0)
