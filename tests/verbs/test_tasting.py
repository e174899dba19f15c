"""Scores on the validation rows, against the task's own and against sums by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.books import Trained
from tunebook.data.load import load
from tunebook.engine.load import load_model
from tunebook.verbs.tasting import tasting


def test_a_run_scores_as_its_model_does(trained: Callable[[str], Trained]) -> None:
    made = trained("classes")
    table = tasting(made.book.data, made.run.plan, "auto")
    rows = load(made.book.data, "validation")
    assert table.metric == "accuracy" and table.rows.texts == rows.texts
    loaded = load_model(made.run.model, made.run.plan)
    logits = table.logits(loaded)
    np.testing.assert_allclose(logits, loaded.logits(rows), atol=1e-6)
    assert table.score(logits) == pytest.approx(float((logits.argmax(1) == rows.targets).mean()))
    assert tasting(made.book.data, made.run.plan, "macro_f1").metric == "macro_f1"


def test_an_ensemble_is_the_mean_of_probabilities(trained: Callable[[str], Trained]) -> None:
    made = trained("classes")
    table = tasting(made.book.data, made.run.plan, "accuracy")
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(len(table.rows), 3)).astype(np.float32) * scale for scale in (1, 3, 5)]
    shares = [np.exp(part) / np.exp(part).sum(1, keepdims=True) for part in parts]
    by_shares, by_logits = (np.mean(side, axis=0).argmax(1) for side in (shares, parts))
    assert (by_shares != by_logits).any(), "else this could not fail"
    assert table.ensemble(parts) == pytest.approx(float((by_shares == table.targets).mean()))


@pytest.mark.parametrize(("kind", "metric"), [("classes", "accuracy"), ("classes", "macro_f1"), ("number", "spearman")])
def test_a_gain_is_the_difference_with_its_interval(kind: str, metric: str, trained: Callable[[str], Trained]) -> None:
    made = trained(kind)
    table = tasting(made.book.data, made.run.plan, metric)
    worse = table.logits(load_model(made.run.model, made.run.plan))
    better = worse.copy()
    if kind == "number":
        better[:, 0] = table.targets
    else:
        better[np.arange(len(better)), table.targets] += 100
    gain = table.gain(worse, better)
    assert gain.value == pytest.approx(table.score(better) - table.score(worse)) and gain.low <= gain.value <= gain.high
    back = table.gain(better, worse)
    assert back.value == pytest.approx(-gain.value)
    together = replace(table.exam, groups=np.zeros(len(table.rows), dtype=np.int64))
    one_group = replace(table, exam=together).gain(worse, better)
    assert one_group.low == one_group.high == pytest.approx(gain.value), "a single draw is always the same"
    same = table.gain(worse, worse)
    assert (same.value, same.low, same.high) == (0, 0, 0)
