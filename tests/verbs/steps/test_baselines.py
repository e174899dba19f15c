"""Baselines are scored on the same rows, learn from training rows alone, and are kept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.books import Trained
from tests.verbs.test_evaluate import KINDS
from tunebook.core.errors import MachineError
from tunebook.core.task import Rows
from tunebook.data import load as loading
from tunebook.data.load import load
from tunebook.tasks import label_baselines
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.steps import answers as module
from tunebook.verbs.steps.answers import baselines

NAMES = {"majority", "tfidf_logreg", "frozen_logreg"}


@KINDS
def test_every_kind_of_labels_has_its_baselines(kind: str, trained: Callable[[str], Trained]) -> None:
    found = trained(kind)
    report = evaluate(found.run)
    assert set(report.baselines) == NAMES
    assert all(set(report.metrics) == set(scores) for scores in report.baselines.values())
    train, test = load(found.book.data, "train").targets, load(found.book.data, "test").targets
    assert train is not None and test is not None
    majority = report.baselines["majority"]
    if kind in ("binary", "classes", "pairs"):
        assert majority["accuracy"] == pytest.approx((test == np.bincount(train).argmax()).mean())
    elif kind == "number":
        assert majority["rmse"] == pytest.approx(np.sqrt(((test - train.mean()) ** 2).mean()), rel=1e-4)


def test_words_that_give_the_class_away_are_found(trained: Callable[[str], Trained]) -> None:
    found = trained("classes")
    scores = baselines(found.run.plan, found.book.data, "test")
    assert scores["tfidf_logreg"]["accuracy"] > 0.9
    assert scores["tfidf_logreg"]["accuracy"] > scores["majority"]["accuracy"]


def test_the_rows_that_are_scored_are_never_learnt_from(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the test rows' labels turned round the models are the same, so the right answers become the wrong ones."""
    found = trained("binary")
    honest = module._measure(found.run.plan, found.book.data, "test", None)

    def turned(ref: Any, split: str) -> Rows:
        rows = load(ref, split)  # type: ignore[arg-type]
        assert rows.targets is not None
        return replace(rows, targets=1 - rows.targets) if split == "test" else rows

    monkeypatch.setattr(loading, "load", turned)
    other = module._measure(found.run.plan, found.book.data, "test", None)
    for name in NAMES:
        assert other[name]["accuracy"] == pytest.approx(1 - honest[name]["accuracy"])


def test_they_are_measured_once(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    found = trained("binary")
    first = baselines(found.run.plan, found.book.data, "validation")
    monkeypatch.setattr(module, "_measure", lambda *args: 1 / 0)
    assert baselines(found.run.plan, found.book.data, "validation") == first
    assert not list((found.book.path / "cache").glob("*.part"))


def test_without_scikit_learn(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = trained("binary")
    with pytest.raises(MachineError, match=r"\.\[train\]") as caught:
        module._measure(found.run.plan, found.book.data, "test", None)
    assert caught.value.code == "machine.extra"


def test_many_rows_are_sampled() -> None:
    count = module._ROWS + 500
    texts = [str(number) for number in range(count)]
    rows = Rows(texts, texts, np.arange(count), texts)
    drawn = module._sample(rows, 3)
    assert len(drawn) == module._ROWS
    assert drawn.targets is not None
    assert list(drawn.texts) == [str(number) for number in drawn.targets] == list(drawn.pairs or ()) == list(drawn.ids)
    assert module._sample(rows, 3).texts == drawn.texts
    assert module._sample(drawn, 3) is drawn
    bare = module._sample(Rows(texts, None, None, texts), 3)
    assert bare.pairs is None and bare.targets is None


def test_where_the_validation_rows_are_scored_training_rows_choose_the_strength(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels of the validation rows turned round leave the answers to them as they are."""
    monkeypatch.setattr(label_baselines, "_FEW", 5)
    found = trained("binary")
    honest = module.baseline_answers(found.run.plan, found.book.data, "validation")

    def turned(ref: Any, split: str) -> Rows:
        rows = load(ref, split)  # type: ignore[arg-type]
        assert rows.targets is not None
        return replace(rows, targets=1 - rows.targets) if split == "validation" else rows

    monkeypatch.setattr(loading, "load", turned)
    other = module.baseline_answers(found.run.plan, found.book.data, "validation")
    for name in NAMES:
        np.testing.assert_array_equal(honest[name].logits, other[name].logits)
    assert honest["tfidf_logreg"].seconds > 0
