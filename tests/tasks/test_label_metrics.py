"""Metrics of heads against scikit-learn and SciPy; of rows and any draw of them they agree with those of all rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from tests.scored import TASK, labels_of, scores
from tunebook.core.nouns import Labels
from tunebook.stats.calibration import softmax
from tunebook.stats.counts import confusion_matrix, counts_of_confusion, counts_of_decisions, per_class
from tunebook.stats.ranking import nearest_level, pearson, spearman

NAMES = ["a", "b", "c"]
KINDS = {
    "single_label": Labels(problem="single_label", names=NAMES),
    "multi_label": Labels(problem="multi_label", names=NAMES),
    "regression": Labels(problem="regression"),
    "ordinal": Labels(problem="ordinal", names=NAMES),
}
FROZEN = {
    "single_label": {
        "accuracy": 0.6666666666666666,
        "macro_f1": 0.6555555555555556,
        "micro_f1": 0.6666666666666666,
        "weighted_f1": 0.6777777777777779,
        "macro_precision": 0.6666666666666666,
        "macro_recall": 0.7222222222222222,
        "mcc": 0.5222329678670935,
        "auc": 0.7199074074074074,
        "ece": 0.1711042743105653,
        "log_loss": 1.1616859828150157,
    },
    "multi_label": {
        "micro_f1": 0.5555555555555556,
        "macro_f1": 0.5555555555555555,
        "accuracy": 0.0,
        "hamming": 0.5555555555555556,
        "auc": 0.53125,
        "lrap": 0.8194444444444443,
        "ece": 0.2803169218197794,
    },
    "ordinal": {
        "accuracy": 0.16666666666666666,
        "macro_f1": 0.16666666666666666,
        "qwk": -0.5,
        "mae": 1.2083333333333333,
        "spearman": -0.6172133998483675,
    },
    "regression": {
        "mse": 1.9340277777777777,
        "rmse": 1.390693272356553,
        "mae": 1.2083333333333333,
        "r2": -30.33125,
        "pearson": -0.6936416870658705,
        "spearman": -0.6172133998483675,
    },
}


def answers(kind: str, rows: int = 60, seed: int = 0):
    draw = np.random.default_rng(seed)
    if kind == "single_label":
        return draw.normal(size=(rows, 3)).astype(np.float32), draw.integers(3, size=rows)
    if kind == "multi_label":
        return draw.normal(size=(rows, 3)).astype(np.float32), draw.integers(2, size=(rows, 3)).astype(np.float32)
    targets = draw.integers(3, size=rows).astype(np.float32)
    targets = targets if kind == "ordinal" else targets + draw.normal(size=rows).astype(np.float32)
    return (targets + draw.normal(size=rows)).astype(np.float32)[:, None], targets


@pytest.mark.parametrize("kind", KINDS)
def test_any_draw_has_the_score_that_a_report_gives_it(kind):
    logits, targets = answers(kind)
    draws = [np.arange(60), np.random.default_rng(1).integers(60, size=60), np.arange(20)]
    for metric in TASK.scores(logits, targets, KINDS[kind]):
        score = TASK.scorer(logits, targets, KINDS[kind], metric)
        for rows in draws:
            expected = TASK.scores(logits[rows], targets[rows], KINDS[kind])[metric]
            assert score(rows) == pytest.approx(expected, abs=1e-9), metric


@pytest.mark.parametrize("kind", KINDS)
def test_rows_average_to_the_metric_where_it_is_a_mean(kind):
    logits, targets = answers(kind)
    whole = TASK.scores(logits, targets, KINDS[kind])
    found = {metric: TASK.row_scores(logits, targets, KINDS[kind], metric) for metric in TASK.judges(KINDS[kind])}
    means = {metric: rows.mean() for metric, rows in found.items() if rows is not None}
    assert means == {metric: pytest.approx(whole[metric]) for metric in means}
    assert set(means) == {
        "single_label": {"accuracy", "micro_f1"}, "multi_label": {"accuracy", "hamming"}, "regression": set(),
        "ordinal": {"accuracy"},
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_answers_that_are_no_numbers_are_wrong(kind):
    logits, targets = answers(kind)
    lost = np.full_like(logits, np.nan)
    every = np.arange(60)
    for metric in TASK.judges(KINDS[kind]):
        score = TASK.scorer(lost, targets, KINDS[kind], metric)(every)
        assert math.isfinite(score) and score <= 0, metric
        rows = TASK.row_scores(lost, targets, KINDS[kind], metric)
        assert rows is None or not rows.any()
    if kind in ("single_label", "multi_label"):
        assert TASK.scorer(lost, targets, KINDS[kind], "ece")(every) == 1.0


def test_a_row_without_a_number_spoils_only_itself():
    logits, targets = answers("single_label")
    before = TASK.row_scores(logits, targets, KINDS["single_label"], "accuracy")
    logits[7, 1] = np.inf
    after = TASK.row_scores(logits, targets, KINDS["single_label"], "accuracy")
    assert after[7] == 0 and (np.delete(before, 7) == np.delete(after, 7)).all()


def test_what_the_targets_do_not_allow_is_nan_and_what_the_answers_lack_is_0():
    logits, targets = answers("single_label")
    one_class = np.flatnonzero(targets == 1)
    assert math.isnan(TASK.scorer(logits, targets, KINDS["single_label"], "auc")(one_class))
    numbers, values = answers("regression")
    alike = np.zeros_like(numbers)
    for metric in ("spearman", "pearson"):
        assert TASK.scorer(alike, values, KINDS["regression"], metric)(np.arange(60)) == 0.0
    assert math.isnan(TASK.scorer(numbers, values, KINDS["regression"], "r2")(np.zeros(5, dtype=int)))


@pytest.mark.parametrize(("kind", "metric"), [("regression", "ece"), ("regression", "nothing"), ("single_label", "x")])
def test_a_metric_that_there_is_not(kind, metric):
    logits, targets = answers(kind)
    with pytest.raises(KeyError):
        TASK.scorer(logits, targets, KINDS[kind], metric)


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
    found = scores("single_label", logits, targets)
    predicted, probabilities = logits.argmax(1), softmax(logits)
    for average in ("macro", "micro", "weighted"):
        assert found[f"{average}_f1"] == pytest.approx(oracle.f1_score(targets, predicted, average=average))
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    macro = {"average": "macro", "zero_division": 0}
    assert found["macro_precision"] == pytest.approx(oracle.precision_score(targets, predicted, **macro))
    assert found["macro_recall"] == pytest.approx(oracle.recall_score(targets, predicted, **macro))
    assert found["mcc"] == pytest.approx(oracle.matthews_corrcoef(targets, predicted))
    labels = range(classes)
    assert found["log_loss"] == pytest.approx(oracle.log_loss(targets, probabilities, labels=labels))
    known = [c for c in labels if 0 < (targets == c).sum() < rows]
    areas = [oracle.roc_auc_score(targets == c, probabilities[:, c]) for c in known]
    assert found["auc"] == pytest.approx(np.mean(areas))


def test_auc_of_all_classes_is_the_one_against_rest_of_scikit_learn():
    logits, targets = single(600, 5)
    expected = oracle.roc_auc_score(targets, softmax(logits), multi_class="ovr", average="macro")
    assert scores("single_label", logits, targets)["auc"] == pytest.approx(expected)


def test_classes_without_rows_and_predictions_stay_out_of_macro_means():
    logits, targets = single(200, 3)
    wide = np.c_[logits, np.full((200, 2), -50.0)]
    few, many = scores("single_label", logits, targets), scores("single_label", wide, targets)
    for name in ("macro_f1", "macro_precision", "macro_recall", "mcc", "auc"):
        assert many[name] == pytest.approx(few[name])


def test_a_predicted_class_without_rows_counts_against_the_macro_mean():
    logits = np.eye(3)[[0, 0, 1, 2]]
    found = scores("single_label", logits, np.array([0, 0, 1, 1]))
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_one_class_only_has_no_auc_and_mcc_zero():
    found = scores("single_label", np.array([[2.0, 1.0], [3.0, 0.0]]), np.array([0, 0]))
    assert np.isnan(found["auc"])
    assert found["mcc"] == 0
    assert found["accuracy"] == 1


def test_logits_that_are_not_numbers_give_nan_instead_of_a_probability_score():
    found = scores("single_label", np.full((4, 3), np.nan), np.array([0, 1, 2, 0]))
    assert np.isnan([found["auc"], found["ece"], found["log_loss"]]).all()


@pytest.mark.parametrize(
    ("logits", "targets"),
    [(np.zeros((0, 2)), np.zeros(0)), (np.zeros((3, 2)), np.zeros(2)), (np.zeros(3), np.zeros(3))],
)
def test_shapes_that_do_not_belong_together_are_refused(logits, targets):
    with pytest.raises(ValueError, match="cannot be scored"):
        scores("single_label", logits, targets)


@pytest.mark.parametrize(("rows", "classes"), [(300, 4), (500, 28)])
def test_multi_label_agrees_with_scikit_learn(rows, classes):
    logits, targets = several(rows, classes, seed=classes)
    found = scores("multi_label", logits, targets)
    probabilities = 1 / (1 + np.exp(-logits.astype(float)))
    decisions = probabilities > 0.5
    assert found["micro_f1"] == pytest.approx(oracle.f1_score(targets, decisions, average="micro"))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(targets, decisions, average="macro"))
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(targets, decisions))
    assert found["hamming"] == pytest.approx(1 - oracle.hamming_loss(targets, decisions))
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(targets, probabilities, average="macro"))
    assert found["lrap"] == pytest.approx(oracle.label_ranking_average_precision_score(targets, logits))


def test_one_definition_gives_all_figures_that_they_had():
    """Figures of fixed answers, as they were before a metric was one definition."""
    logits = np.array([[2, 0, 1], [0, 1, 3], [1, 2, 0], [0, 3, 1], [2, 1, 0], [1, 0, 2]], np.float32)
    targets = np.array([0, 2, 1, 0, 0, 1])
    assert scores("single_label", logits, targets) == pytest.approx(FROZEN["single_label"], rel=1e-12)
    several = (np.eye(3)[targets] + np.eye(3)[targets[::-1]]).clip(0, 1)
    assert scores("multi_label", logits - 1.5, several) == pytest.approx(FROZEN["multi_label"], rel=1e-12)
    ordered = logits[:, :1] + logits[:, 1:2] / 4
    assert scores("ordinal", ordered[:, 0], targets, 3) == pytest.approx(FROZEN["ordinal"], rel=1e-12)
    assert scores("regression", ordered[:, 0], targets / 3) == pytest.approx(FROZEN["regression"], rel=1e-12)


def test_multi_label_refuses_class_numbers():
    with pytest.raises(ValueError, match="cannot be scored"):
        scores("multi_label", np.zeros((3, 2)), np.array([0, 1, 0]))


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


def numbers(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    target = np.round(rng.normal(3, 1, rows), 1)
    return np.round(target + rng.normal(size=rows), 1), target


def test_regression_scores_agree_with_the_oracles():
    pred, target = numbers()
    found = scores("regression", pred, target)
    assert found["mse"] == pytest.approx(oracle.mean_squared_error(target, pred))
    assert found["rmse"] == pytest.approx(oracle.root_mean_squared_error(target, pred))
    assert found["mae"] == pytest.approx(oracle.mean_absolute_error(target, pred))
    assert found["r2"] == pytest.approx(oracle.r2_score(target, pred))
    assert found["pearson"] == pytest.approx(stats.pearsonr(pred, target)[0])
    assert found["spearman"] == pytest.approx(stats.spearmanr(pred, target)[0])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_a_constant_has_no_correlation(value):
    _, target = numbers()
    found = scores("regression", np.full(len(target), value), target)
    assert np.isnan([found["pearson"], found["spearman"]]).all()
    assert np.isnan(scores("regression", target, np.full(len(target), value))["r2"])


def test_predictions_that_are_not_numbers_make_scores_nan():
    found = scores("regression", np.array([np.nan, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    assert np.isnan(list(found.values())).all()


def test_weights_count_a_row_as_often_as_it_is_repeated():
    pred, target = numbers(80)
    weights = np.random.default_rng(3).integers(0, 4, size=(6, 80)).astype(float)
    for score in (pearson, spearman):
        expected = [float(score(np.repeat(pred, w.astype(int)), np.repeat(target, w.astype(int)))) for w in weights]
        assert score(pred, target, weights) == pytest.approx(np.array(expected))


def test_correlation_stands_a_large_offset():
    pred, target = numbers()
    assert pearson(pred + 1e6, target) == pytest.approx(float(pearson(pred, target)), abs=1e-8)


def test_ordinal_scores_agree_with_the_oracles():
    rng = np.random.default_rng(5)
    target = rng.integers(5, size=400)
    pred = target + rng.normal(scale=0.8, size=400)
    found = scores("ordinal", pred, target, 5)
    levels = np.clip(np.rint(pred), 0, 4).astype(int)
    assert found["accuracy"] == pytest.approx((levels == target).mean())
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(target, levels, average="macro"))
    assert found["qwk"] == pytest.approx(oracle.cohen_kappa_score(target, levels, weights="quadratic"))
    assert found["mae"] == pytest.approx(np.abs(pred - target).mean())
    assert found["spearman"] == pytest.approx(stats.spearmanr(pred, target)[0])


def test_levels_round_halves_upwards_and_stay_inside():
    assert nearest_level(np.array([-3.0, 0.5, 1.49, 1.5, 9.0]), 3).tolist() == [0, 1, 1, 2, 2]


def test_ordered_answers_that_are_no_numbers_are_as_wrong_as_can_be():
    found = scores("ordinal", np.array([np.nan, 0.0, 2.0]), np.array([1, 0, 2]), 4)
    assert found["accuracy"] == pytest.approx(2 / 3) and np.isnan([found["mae"], found["spearman"]]).all()
    lost = TASK.scorer(np.full((40, 1), np.nan), np.arange(40) % 10, labels_of("ordinal", 10), "qwk")
    assert lost(np.arange(40)) < -0.5, "one class aside would be a kappa of 0.9"


@pytest.mark.parametrize(("pred", "target"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]])])
def test_numbers_that_do_not_belong_together_are_refused(pred, target):
    with pytest.raises(ValueError, match="cannot be scored"):
        scores("regression", np.array(pred), np.array(target))
