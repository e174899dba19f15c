"""Answers, details and scores of each kind of labels, small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Labels
from tunebook.tasks import label_scores
from tunebook.tasks.text_classification import TextClassification

SINGLE = Labels(problem="single_label", names=["a", "b"])
SEVERAL = Labels(problem="multi_label", names=["a", "b", "c"])
NUMBER = Labels(problem="regression", low=0, high=1)
ORDERED = Labels(problem="ordinal", names=["low", "mid", "high"])


def test_answers_by_hand() -> None:
    (one,) = label_scores.answers(np.array([[0.0, np.log(3)]]), SINGLE)
    assert one["label"] == "b"
    assert one["scores"] == pytest.approx({"a": 0.25, "b": 0.75})
    (several,) = label_scores.answers(np.array([[np.log(3), 0.0, -np.log(3)]]), SEVERAL)
    assert several["label"] == ["a"]
    assert several["score"] == pytest.approx(0.75)
    assert several["scores"] == pytest.approx({"a": 0.75, "b": 0.5, "c": 0.25})
    assert label_scores.answers(np.array([[0.25]]), NUMBER) == [{"label": 0.25, "score": 0.25, "scores": {}}]
    levels = label_scores.answers(np.array([[-3.0], [0.4], [1.2], [9.0]]), ORDERED)
    assert [answer["label"] for answer in levels] == ["low", "low", "mid", "high"]
    assert levels[0]["score"] == -3.0


def test_true_labels() -> None:
    assert TextClassification().true_label(np.int64(1), SINGLE) == "b"
    assert TextClassification().true_label(np.array([1.0, 0.0, 1.0]), SEVERAL) == ["a", "c"]
    assert TextClassification().true_label(np.float32(0.5), NUMBER) == 0.5
    assert TextClassification().true_label(np.float32(2), ORDERED) == "high"


def test_details() -> None:
    logits, targets = np.array([[2.0, 0], [0, 2], [2, 0]]), np.array([0, 1, 1])
    found = label_scores.detail(logits, targets, SINGLE)
    assert found["confusion"] == [[1, 0], [1, 1]]
    assert set(found["per_class"]) == {"a", "b"}
    assert found["extra"]["reliability"]
    several = label_scores.detail(np.ones((4, 3)), np.ones((4, 3)), SEVERAL)
    assert "confusion" not in several
    assert several["extra"]["reliability"]
    ordered = label_scores.detail(np.array([[0.0], [2.0]]), np.array([0.0, 1.0]), ORDERED)
    assert ordered["confusion"] == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert ordered["extra"] == {"scatter": [[0.0, 0.0], [1.0, 2.0]]}
    many = label_scores.detail(np.zeros((5000, 1)), np.arange(5000.0), NUMBER)["extra"]["scatter"]
    assert len(many) == 2000
    assert (many[0][0], many[-1][0]) == (0.0, 4999.0)


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL, NUMBER, ORDERED], ids=lambda labels: labels.problem)
def test_what_may_choose_a_checkpoint_is_measured(labels: Labels) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(40, labels.outputs))
    targets = {
        "single_label": rng.integers(2, size=40),
        "multi_label": rng.integers(2, size=(40, 3)),
        "regression": rng.normal(size=40),
        "ordinal": rng.integers(3, size=40),
    }[labels.problem]
    assert set(label_scores.MORE_IS_BETTER[labels.problem]) <= set(label_scores.scores(logits, targets, labels))
