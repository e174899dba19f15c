"""Spans have a chance to be right, which a temperature puts right too; rules by folds of groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.calibrates import Calibrates
from tunebook.core.links import sigmoid
from tunebook.core.nouns import Labels
from tunebook.core.registry import task_of
from tunebook.core.task import Rows
from tunebook.engine.calibrated import said_by
from tunebook.stats.calibration import calibration_error
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.steps.chances import Side, temperature_of
from tunebook.verbs.steps.cost_table import number_of
from tunebook.verbs.steps.cuts import Rule, Wish, cuts_of, plain, rule_of, said_of

DRAW = np.random.default_rng(0)
LABELS = Labels(problem="spans", names=["PER", "LOC"])


def spans(rows: int, hot: float) -> Any:
    """Two spans a row, each right as often as its chance; the scores are too sure."""
    row = np.repeat(np.arange(rows), 2)
    start = np.tile([0, 5], rows)
    odds = DRAW.normal(1, 1.5, size=2 * rows)
    right = DRAW.random(2 * rows) < sigmoid(odds)
    label = DRAW.integers(2, size=2 * rows)
    read = np.zeros((rows, SAID), dtype=np.int64)
    said = Spans(row, start, start + 3, label, sigmoid(hot * odds), read)
    true = Spans(row, start, start + 3, np.where(right, label, 1 - label), np.ones(2 * rows), read)
    return said.matrix(SAID), true.matrix(TRUE), right, sigmoid(hot * odds)


def side(rows: int, hot: float = 3.0, groups: Any = None) -> tuple[Side, Any, Any]:
    answers, targets, right, score = spans(rows, hot)
    task: Any = task_of("tagging")()
    ids = [str(row) for row in range(rows)]
    made = Rows(["abcdefghij"] * rows, None, targets, ids)
    return Side(task, LABELS, made, answers, task.chances(answers, targets, LABELS), groups), right, score


def test_of_spans_the_chance_to_be_right_is_calibrated() -> None:
    valid, _, _ = side(400)
    test, right, score = side(300)
    heat, each = temperature_of(valid, test)
    assert heat.applied and 2.4 < heat.value < 3.8 and heat.items == [800, 600]
    assert heat.test["ece"].before.value == pytest.approx(calibration_error(score, right), abs=1e-6)
    assert heat.test["log_loss"].before.value == pytest.approx(log_loss(right, score), rel=1e-4)
    assert heat.test["ece"].after.value < 0.5 * heat.test["ece"].before.value
    for fold in np.unique(valid.folds):
        rows = valid.chances.row[valid.folds == fold]
        assert len(np.unique(each[valid.folds == fold])) == 1
        assert not set(rows) & set(valid.chances.row[valid.folds != fold]), "spans of one row are of one fold"


def test_a_temperature_changes_scores_and_no_span() -> None:
    found, _, score = side(20)
    task = found.task
    assert isinstance(task, Calibrates)
    cooled = Spans.of(task.tempered(found.answers, 3.0, LABELS), SAID)
    before = Spans.of(found.answers, SAID)
    for name in ("row", "start", "end", "label"):
        np.testing.assert_array_equal(getattr(cooled, name), getattr(before, name))
    odds = np.log(score) - np.log1p(-score)
    np.testing.assert_allclose(cooled.score, sigmoid(odds / 3), rtol=1e-4)
    plain_words = said_by(task, found.answers, found.rows, LABELS, None)
    assert plain_words == task.say(found.answers, found.rows, LABELS)


def two(rows: int, groups: Any = None) -> Side:
    targets = DRAW.integers(2, size=rows)
    logits = (DRAW.normal(size=(rows, 2)) + np.eye(2)[targets]).astype(np.float32)
    labels = Labels(problem="single_label", names=["no", "yes"])
    ids = [str(row) for row in range(rows)]
    task = TextClassification()
    made = Rows([""] * rows, None, targets, ids)
    return Side(task, labels, made, logits, task.chances(logits, targets, labels), groups)


def test_groups_stay_in_one_fold_and_widen_what_is_told() -> None:
    groups = np.repeat(np.arange(30), 10)
    valid, single = two(300, groups), two(300)
    assert all(len(np.unique(valid.folds[groups == group])) == 1 for group in range(30))
    assert valid.units.count == 30 and single.units.count == 300
    wish = Wish("precision", 0.8)
    cuts, rule, crossed = cuts_of(wish, valid, two(200), 1.0, np.ones(300))
    assert rule.place == 1 and set(cuts.classes) == {"yes"} and crossed.shape == (300,)
    whole = valid.probabilities()
    assert cuts.validation["accuracy"].before.value == pytest.approx(
        (plain(whole, False) == valid.chances.targets).mean()
    )
    less = rule_of(wish, valid, np.arange(100), whole)
    assert less.limits[1] != rule.limits[1]


def test_a_rule_of_several_labels_leaves_those_without_a_threshold_at_half() -> None:
    rule = Rule(np.array([0.2, 0.5]), np.array([True, False]))
    np.testing.assert_array_equal(rule.given(np.array([[0.3, 0.4], [0.1, 0.6]])), [[True, False], [False, True]])
    assert said_of(two(4), np.array([1, 0, 1, 1]))[0]["label"] == "yes"
    assert number_of(" 3.5 ") == 3.5 and number_of("x") is None and number_of(None) is None
