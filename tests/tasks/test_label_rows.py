"""Scores of rows and of draws of rows agree with the scores of whole reports."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunebook.core.nouns import Labels
from tunebook.tasks.label_rows import row_scores, scorer
from tunebook.tasks.label_scores import MORE_IS_BETTER, scores

NAMES = ["a", "b", "c"]
KINDS = {
    "single_label": Labels(problem="single_label", names=NAMES),
    "multi_label": Labels(problem="multi_label", names=NAMES),
    "regression": Labels(problem="regression"),
    "ordinal": Labels(problem="ordinal", names=NAMES),
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
    calibrated = ("ece",) if kind in ("single_label", "multi_label") else ()
    for metric in (*MORE_IS_BETTER[kind], *calibrated):
        score = scorer(logits, targets, KINDS[kind], metric)
        for rows in draws:
            expected = scores(logits[rows], targets[rows], KINDS[kind])[metric]
            assert score(rows) == pytest.approx(expected, abs=1e-9), metric


@pytest.mark.parametrize("kind", KINDS)
def test_rows_average_to_the_metric_where_it_is_a_mean(kind):
    logits, targets = answers(kind)
    whole = scores(logits, targets, KINDS[kind])
    found = {metric: row_scores(logits, targets, KINDS[kind], metric) for metric in MORE_IS_BETTER[kind]}
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
    for metric in MORE_IS_BETTER[kind]:
        score = scorer(lost, targets, KINDS[kind], metric)(every)
        assert math.isfinite(score) and score <= 0.35, metric
        rows = row_scores(lost, targets, KINDS[kind], metric)
        assert rows is None or not rows.any()
    if kind in ("single_label", "multi_label"):
        assert scorer(lost, targets, KINDS[kind], "ece")(every) == 1.0


def test_a_row_without_a_number_spoils_only_itself():
    logits, targets = answers("single_label")
    before = row_scores(logits, targets, KINDS["single_label"], "accuracy")
    logits[7, 1] = np.inf
    after = row_scores(logits, targets, KINDS["single_label"], "accuracy")
    assert after[7] == 0 and (np.delete(before, 7) == np.delete(after, 7)).all()


def test_what_the_targets_do_not_allow_is_nan_and_what_the_answers_lack_is_0():
    logits, targets = answers("single_label")
    one_class = np.flatnonzero(targets == 1)
    assert math.isnan(scorer(logits, targets, KINDS["single_label"], "auc")(one_class))
    numbers, values = answers("regression")
    alike = np.zeros_like(numbers)
    for metric in ("spearman", "pearson"):
        assert scorer(alike, values, KINDS["regression"], metric)(np.arange(60)) == 0.0
    assert math.isnan(scorer(numbers, values, KINDS["regression"], "r2")(np.zeros(5, dtype=int)))


@pytest.mark.parametrize(("kind", "metric"), [("regression", "ece"), ("regression", "nothing"), ("single_label", "x")])
def test_a_metric_that_there_is_not(kind, metric):
    logits, targets = answers(kind)
    with pytest.raises(KeyError):
        scorer(logits, targets, KINDS[kind], metric)
