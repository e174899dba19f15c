"""Scores of counts: leading dimensions, edge cases, kappa against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from tunebook.stats import counts as by_count


def test_scores_of_a_stack_are_the_scores_of_its_parts():
    stack = np.random.default_rng(0).integers(0, 30, size=(4, 5, 3, 3))
    whole = by_count.counts_of_confusion(stack)
    for score in (by_count.macro_f1, by_count.micro_f1, by_count.mcc):
        parts = [[float(score(by_count.counts_of_confusion(one))) for one in line] for line in stack]
        assert score(whole) == pytest.approx(np.array(parts))


def test_micro_f1_of_single_labels_is_accuracy():
    counts = by_count.counts_of_confusion(np.array([[5, 2], [1, 9]]))
    assert by_count.micro_f1(counts) == pytest.approx(14 / 17)


def test_mcc_of_large_counts_does_not_overflow():
    confusion = np.array([[3_000_000_000, 5], [7, 4_000_000_000]])
    assert by_count.mcc(by_count.counts_of_confusion(confusion)) == pytest.approx(1.0, abs=1e-6)


def test_mcc_agrees_with_scikit_learn_for_many_classes():
    rng = np.random.default_rng(1)
    true, predicted = rng.integers(6, size=(2, 500))
    counts = by_count.counts_of_confusion(by_count.confusion_matrix(true, predicted, 6))
    assert by_count.mcc(counts) == pytest.approx(matthews_corrcoef(true, predicted))


@pytest.mark.parametrize("levels", [2, 5])
def test_quadratic_kappa_agrees_with_scikit_learn(levels):
    rng = np.random.default_rng(levels)
    true = rng.integers(levels, size=400)
    predicted = np.clip(true + rng.integers(-1, 2, size=400), 0, levels - 1)
    kappa = by_count.quadratic_kappa(by_count.confusion_matrix(true, predicted, levels))
    assert kappa == pytest.approx(cohen_kappa_score(true, predicted, weights="quadratic", labels=range(levels)))


def test_kappa_of_one_single_class_is_nan():
    assert np.isnan(by_count.quadratic_kappa(np.array([[7, 0], [0, 0]])))
