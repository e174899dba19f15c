"""By what pairs with a grade are judged beside the order of their cosines."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks

TASK = tasks()["embedding"]()
LABELS = Labels(problem="regression", low=0.0, high=4.0)


def test_average_precision_is_of_pairs_above_the_middle_and_has_an_interval() -> None:
    draw = np.random.default_rng(4)
    targets = draw.integers(0, 5, 60).astype(np.float32)
    answers = (targets / 4 + draw.normal(0, 0.6, 60)).round(1)[:, None].astype(np.float32)
    expected = average_precision_score(targets > 2, answers[:, 0])
    assert TASK.scores(answers, targets, LABELS)["average_precision"] == pytest.approx(expected, abs=1e-6)
    for groups in (None, np.arange(60) // 3):
        found = TASK.intervals(answers, targets, LABELS, groups)["average_precision"]
        assert found.low < found.value < found.high and found.value == pytest.approx(expected, abs=1e-6)
    assert "average_precision" in TASK.judges(LABELS) and TASK.headline(LABELS) == "spearman"


def test_without_a_pair_above_the_middle_there_is_no_precision() -> None:
    answers, targets = np.array([[0.1], [0.9], [0.4]]), np.zeros(3)
    assert np.isnan(
        TASK.metric(LABELS, "average_precision").value(TASK.scored["regression"][2].rows(answers, targets, LABELS))
    )
    assert "average_precision" not in TASK.intervals(answers, targets, LABELS)
    with pytest.raises(ValueError, match="cannot be scored"):
        TASK.scored["regression"][2].rows(answers, targets[:2], LABELS)
