"""By what pairs with a grade are judged beside the order of their cosines."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.tasks.embedding.grades import alike

TASK = tasks()["embedding"]()
LABELS = Labels(problem="regression", low=0.0, high=4.0)


def test_average_precision_is_of_pairs_above_the_cut_and_has_an_interval() -> None:
    draw = np.random.default_rng(4)
    targets = draw.integers(0, 5, 60).astype(np.float32)
    answers = (targets / 4 + draw.normal(0, 0.6, 60)).round(1)[:, None].astype(np.float32)
    expected = average_precision_score(targets >= 4, answers[:, 0])
    assert TASK.scores(answers, targets, LABELS)["average_precision"] == pytest.approx(expected, abs=1e-6)
    for groups in (None, np.arange(60) // 3):
        found = TASK.intervals(answers, targets, LABELS, groups)["average_precision"]
        assert found.low < found.value < found.high and found.value == pytest.approx(expected, abs=1e-6)
    assert "average_precision" in TASK.judges(LABELS) and TASK.headline(LABELS) == "spearman"


def test_the_cut_is_that_of_thresholds_and_of_alignment() -> None:
    labels = Labels(problem="regression", low=1.0, high=2.0)
    grades = np.array([1.7, 1.8, 1.9], dtype=np.float32)
    assert TASK.matches_from(labels) == pytest.approx(1.8)
    assert alike(grades, labels).tolist() == TASK.hits(grades[:, None], grades, labels, 1.8).right.tolist()
    assert alike(grades, labels).tolist() == [False, True, True]
    assert alike(grades, labels, 1.9).tolist() == [False, False, True]


def test_without_a_pair_above_the_cut_there_is_no_precision() -> None:
    answers, targets = np.array([[0.1], [0.9], [0.4]]), np.zeros(3)
    assert np.isnan(
        TASK.metric(LABELS, "average_precision").value(TASK.scored["regression"][2].rows(answers, targets, LABELS))
    )
    assert "average_precision" not in TASK.intervals(answers, targets, LABELS)
    with pytest.raises(ValueError, match="cannot be scored"):
        TASK.scored["regression"][2].rows(answers, targets[:2], LABELS)
