"""Scores of classification against scikit-learn, and by hand where that has nothing to say."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from tunebook.metrics.classification import (
    confusion_matrix,
    counts_of_confusion,
    counts_of_decisions,
    multi_label_bins,
    multi_label_scores,
    per_class,
    sigmoid,
    single_label_bins,
    single_label_scores,
    softmax,
    top_k_accuracy,
)


def single(rows, classes, seed=0, signal=1.5):
    rng = np.random.default_rng(seed)
    targets = rng.choice(classes, size=rows, p=rng.dirichlet(np.full(classes, 2.0)))
    logits = rng.normal(size=(rows, classes)).astype(np.float32)
    logits[np.arange(rows), targets] += signal
    return logits, targets


def several(rows, classes, seed=0):
    rng = np.random.default_rng(seed)
    targets = (rng.random((rows, classes)) < rng.uniform(0.05, 0.5, classes)).astype(int)
    return (rng.normal(size=(rows, classes)) + 2 * targets - 1).astype(np.float32), targets


@pytest.mark.parametrize(("rows", "classes"), [(300, 2), (500, 3), (400, 8), (2000, 77)])
def test_single_label_agrees_with_scikit_learn(rows, classes):
    logits, targets = single(rows, classes, seed=classes)
    scores = single_label_scores(logits, targets)
    predicted, probabilities = logits.argmax(1), softmax(logits)
    for average in ("macro", "micro", "weighted"):
        assert scores[f"{average}_f1"] == pytest.approx(oracle.f1_score(targets, predicted, average=average))
    assert scores["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    macro = {"average": "macro", "zero_division": 0}
    assert scores["macro_precision"] == pytest.approx(oracle.precision_score(targets, predicted, **macro))
    assert scores["macro_recall"] == pytest.approx(oracle.recall_score(targets, predicted, **macro))
    assert scores["mcc"] == pytest.approx(oracle.matthews_corrcoef(targets, predicted))
    labels = range(classes)
    assert scores["log_loss"] == pytest.approx(oracle.log_loss(targets, probabilities, labels=labels))
    known = [c for c in labels if 0 < (targets == c).sum() < rows]
    areas = [oracle.roc_auc_score(targets == c, probabilities[:, c]) for c in known]
    assert scores["auc"] == pytest.approx(np.mean(areas))


def test_auc_of_all_classes_is_the_one_against_rest_of_scikit_learn():
    logits, targets = single(600, 5)
    expected = oracle.roc_auc_score(targets, softmax(logits), multi_class="ovr", average="macro")
    assert single_label_scores(logits, targets)["auc"] == pytest.approx(expected)


def test_classes_without_rows_and_predictions_stay_out_of_macro_means():
    logits, targets = single(200, 3)
    wide = np.c_[logits, np.full((200, 2), -50.0)]
    few, many = single_label_scores(logits, targets), single_label_scores(wide, targets)
    for name in ("macro_f1", "macro_precision", "macro_recall", "mcc", "auc"):
        assert many[name] == pytest.approx(few[name])


def test_a_predicted_class_without_rows_counts_against_the_macro_mean():
    logits = np.eye(3)[[0, 0, 1, 2]]
    scores = single_label_scores(logits, np.array([0, 0, 1, 1]))
    assert scores["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_one_class_only_has_no_auc_and_mcc_zero():
    scores = single_label_scores(np.array([[2.0, 1.0], [3.0, 0.0]]), np.array([0, 0]))
    assert np.isnan(scores["auc"])
    assert scores["mcc"] == 0
    assert scores["accuracy"] == 1


def test_logits_that_are_not_numbers_give_nan_instead_of_a_probability_score():
    scores = single_label_scores(np.full((4, 3), np.nan), np.array([0, 1, 2, 0]))
    assert np.isnan([scores["auc"], scores["ece"], scores["log_loss"]]).all()


@pytest.mark.parametrize(
    ("logits", "targets"),
    [(np.zeros((0, 2)), np.zeros(0)), (np.zeros((3, 2)), np.zeros(2)), (np.zeros(3), np.zeros(3))],
)
def test_shapes_that_do_not_belong_together_are_refused(logits, targets):
    with pytest.raises(ValueError, match="cannot be scored"):
        single_label_scores(logits, targets)


@pytest.mark.parametrize(("rows", "classes"), [(300, 4), (500, 28)])
@pytest.mark.parametrize("cut", [0.5, 0.3])
def test_multi_label_agrees_with_scikit_learn(rows, classes, cut):
    logits, targets = several(rows, classes, seed=classes)
    scores = multi_label_scores(logits, targets, np.full(classes, cut))
    probabilities = 1 / (1 + np.exp(-logits.astype(float)))
    decisions = probabilities > cut
    assert scores["micro_f1"] == pytest.approx(oracle.f1_score(targets, decisions, average="micro"))
    assert scores["macro_f1"] == pytest.approx(oracle.f1_score(targets, decisions, average="macro"))
    assert scores["accuracy"] == pytest.approx(oracle.accuracy_score(targets, decisions))
    assert scores["hamming"] == pytest.approx(1 - oracle.hamming_loss(targets, decisions))
    assert scores["auc"] == pytest.approx(oracle.roc_auc_score(targets, probabilities, average="macro"))
    assert scores["lrap"] == pytest.approx(oracle.label_ranking_average_precision_score(targets, logits))


def test_multi_label_refuses_class_numbers():
    with pytest.raises(ValueError, match="cannot be scored"):
        multi_label_scores(np.zeros((3, 2)), np.array([0, 1, 0]))


def test_per_class_agrees_with_scikit_learn():
    logits, targets = single(400, 4)
    counts = counts_of_confusion(confusion_matrix(targets, logits.argmax(1), 4))
    table = per_class(counts, ["a", "b", "c", "d"])
    parts = oracle.precision_recall_fscore_support(targets, logits.argmax(1))
    for place, name in enumerate("abcd"):
        row = [table[name][column] for column in ("precision", "recall", "f1", "support")]
        assert row == pytest.approx([part[place] for part in parts])


def test_per_class_of_decisions_agrees_with_scikit_learn():
    logits, targets = several(300, 3)
    table = per_class(counts_of_decisions(logits > 0, targets), ["x", "y", "z"])
    expected = oracle.f1_score(targets, logits > 0, average=None)
    assert [table[name]["f1"] for name in "xyz"] == pytest.approx(expected)


def test_confusion_matrix_agrees_with_scikit_learn():
    logits, targets = single(300, 5)
    seen = confusion_matrix(targets, logits.argmax(1), 5)
    assert (seen == oracle.confusion_matrix(targets, logits.argmax(1), labels=range(5))).all()


@pytest.mark.parametrize("k", [1, 3, 8])
def test_top_k_agrees_with_scikit_learn(k):
    logits, targets = single(300, 8)
    expected = 1.0 if k == 8 else oracle.top_k_accuracy_score(targets, softmax(logits), k=k, labels=range(8))
    assert top_k_accuracy(logits, targets, k) == pytest.approx(expected)


def test_a_collapsed_model_earns_nothing_by_ties():
    assert top_k_accuracy(np.zeros((4, 4)), np.arange(4), 2) == 0.5


def test_bins_hold_every_answer():
    logits, targets = single(300, 3)
    assert sum(row.count for row in single_label_bins(logits, targets)) == 300
    logits, targets = several(300, 4)
    assert sum(row.count for row in multi_label_bins(logits, targets, bins=10)) == 1200


def test_sigmoid_is_exact_at_both_ends():
    values = sigmoid(np.array([-1000.0, -40.0, 0.0, 1000.0]))
    assert values.tolist() == [0.0, pytest.approx(np.exp(-40.0), rel=1e-12), 0.5, 1.0]
