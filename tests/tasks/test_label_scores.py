"""Details and scores of each kind of labels, small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scored import TASK
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.stats.proportion import wilson_interval
from tunebook.tasks import label_scores

SINGLE = Labels(problem="single_label", names=["a", "b"])
MAIL = Labels(problem="single_label", names=["ham", "spam"])
SEVERAL = Labels(problem="multi_label", names=["a", "b", "c"])
NUMBER = Labels(problem="regression", low=0, high=1)
ORDERED = Labels(problem="ordinal", names=["low", "mid", "high"])


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


def single(counts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets with these numbers of true (row) and given (column) classes."""
    true, given = (np.repeat(part, np.ravel(counts)) for part in np.indices((2, 2)).reshape(2, -1))
    return np.eye(2)[given] * 3.0, true


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL, NUMBER, ORDERED], ids=lambda labels: labels.problem)
@pytest.mark.parametrize("groups", [None, np.arange(60) // 4], ids=["rows", "groups"])
def test_every_kind_has_intervals_around_its_scores(labels: Labels, groups: np.ndarray | None) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, labels.outputs))
    targets = {
        "single_label": rng.integers(2, size=60),
        "multi_label": rng.integers(2, size=(60, 3)),
        "regression": rng.normal(size=60),
        "ordinal": rng.integers(3, size=60),
    }[labels.problem]
    found = TASK.intervals(logits, targets, labels, groups)
    assert found
    assert all(interval.low <= interval.value <= interval.high for interval in found.values())


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(PlanError):
        TASK.intervals(np.zeros((2, 2)), np.zeros(2), Labels(problem="language_model"))


def test_ends_of_each_class_by_hand() -> None:
    found = label_scores.class_ends(*single([[50, 2], [3, 15]]), MAIL)
    recall, precision = wilson_interval(15, 18), wilson_interval(15, 17)
    assert found["spam"]["recall_low"] == pytest.approx(recall.low)
    assert found["spam"]["precision_high"] == pytest.approx(precision.high)
    never = label_scores.class_ends(*single([[50, 0], [3, 0]]), MAIL)
    assert "precision_low" not in never["spam"] and "recall_low" in never["spam"]


def test_too_few_rows_of_a_class_are_named_with_their_number() -> None:
    found = label_scores.notes(*single([[80, 2], [2, 4]]), MAIL)
    assert set(found) == {"macro_f1", "mcc"}
    (note,) = found["macro_f1"]
    assert note.code == "intervals.few_rows" and note.fields == {"classes": "spam (6)", "least": 10}
    assert "spam (6)" in note.in_language("en") and "样本过少" in note.in_language("zh")
    assert label_scores.notes(*single([[80, 2], [2, 10]]), MAIL) == {}


def test_mcc_needs_answers_of_the_rarer_class_too() -> None:
    found = label_scores.notes(*single([[80, 2], [12, 4]]), MAIL)
    assert [note.code for note in found["mcc"]] == ["intervals.few_answers"]
    assert "macro_f1" not in found


def test_several_labels_and_ordered_classes() -> None:
    targets = np.zeros((100, 3))
    targets[:50, 0] = targets[:30, 1] = targets[:4, 2] = 1
    found = label_scores.notes(np.where(targets, 2.0, -2.0), targets, SEVERAL)
    assert set(found) == {"macro_f1"} and found["macro_f1"][0].fields["classes"] == "c (4)"
    ordered = label_scores.notes(
        np.array([[0.0]] * 50 + [[1.0]] * 40 + [[2.0]] * 3), np.repeat([0, 1, 2], [50, 40, 3]), ORDERED
    )
    assert set(ordered) == {"macro_f1", "qwk"}


def test_many_thin_classes_are_not_all_named() -> None:
    names = [f"c{place}" for place in range(20)]
    targets = np.arange(40) % 20
    found = label_scores.notes(np.eye(20)[targets], targets, Labels(problem="single_label", names=names))
    assert found["macro_f1"][0].fields["classes"].endswith("c4 (2) …")
    assert "mcc" not in found


def test_few_groups_are_told_of_every_interval() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(60, 1)), rng.normal(size=60)
    found = label_scores.notes(logits, targets, NUMBER, np.arange(60) // 10)
    assert set(found) == {"spearman", "pearson", "mse", "mae"}
    assert found["mse"][0].fields == {"count": 6, "least": 10}
    assert label_scores.notes(logits, targets, NUMBER, np.arange(60) // 5) == {}
