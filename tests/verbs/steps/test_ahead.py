"""How far a run is ahead of a baseline, by answers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.stats.bootstrap import Units
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.steps.ahead import ahead

NAMES = Labels(problem="single_label", names=["bad", "good"])
SWAPPED = Labels(problem="single_label", names=["good", "bad"])


def side(right: np.ndarray, targets: np.ndarray, labels: Labels = NAMES):
    """Answers that are right where `right` says so."""
    said = np.where(right, targets, 1 - targets)
    ids = [str(number) for number in range(len(targets))]
    return np.eye(2, dtype=np.float32)[said] * 4, Rows(["x"] * len(targets), None, targets, ids), labels


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
@pytest.mark.parametrize(("lost", "proven"), [(1, False), (30, True)])
def test_one_row_is_no_proof_and_thirty_are(metric, lost, proven):
    targets = np.arange(100) % 2
    worse = np.ones(100, dtype=bool)
    worse[:lost] = False
    found = ahead(TextClassification(), metric, side(worse, targets), side(np.ones(100, bool), targets), Units(100))
    assert found.low <= found.value <= found.high and found.value == pytest.approx(-lost / 100, abs=0.01)
    assert (found.high < 0) == proven


def test_classes_of_the_baseline_may_be_numbered_otherwise():
    targets, right = np.arange(60) % 2, np.arange(60) % 3 > 0
    ours = side(right, targets)
    same = ahead(TextClassification(), "accuracy", ours, side(right, targets), Units(60))
    theirs = side(right, 1 - targets, SWAPPED)
    assert ahead(TextClassification(), "accuracy", ours, theirs, Units(60)) == same and same.value == 0
