"""The rows of a split, what a run answers to them and how wrong it is; what it makes of texts before its head."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.books import Trained
from tests.diagnosis.planted import with_answers

from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.errors import DataError
from tunebook.core.nouns import Interval, Labels
from tunebook.diagnosis.cause import Cause, Try
from tunebook.diagnosis.looked import look, masses, measure_of
from tunebook.diagnosis.records import Errors
from tunebook.engine.load import load_model
from tunebook.engine.pooled import pooled
from tunebook.tasks.embedding import Embedding
from tunebook.tasks.label_metrics import decided
from tunebook.tasks.text_classification import TextClassification


@pytest.mark.parametrize("kind", ["classes", "ordered", "pairs"])
def test_rows_with_classes_are_right_or_wrong(trained: Callable[[str], Trained], kind: str) -> None:
    looked = look(trained(kind).run)
    assert looked.measure == "accuracy"
    said = decided(looked.answers, looked.labels)
    same = said == looked.rows.targets
    right = same.all(1) if same.ndim == 2 else same
    assert (looked.mass == ~right).all()
    assert (looked.wrong == ~right).all()
    assert len(looked.said) == len(looked.true) == len(looked.rows)


def test_a_number_is_as_wrong_as_it_is_far_off(trained: Callable[[str], Trained]) -> None:
    looked = look(trained("number").run, "test")
    labels = looked.labels
    far = np.abs(looked.answers[:, 0] - looked.rows.targets) / (labels.high - labels.low)
    assert looked.measure == "mae"
    assert np.allclose(looked.mass, np.clip(far, 0, 1))
    assert looked.mass_of("test") is looked.mass
    assert 0 < looked.mass_of("validation").mean() < 1


def test_features_are_the_mean_of_the_last_layer_and_are_kept(trained: Callable[[str], Trained]) -> None:
    one = trained("pairs")
    looked = look(one.run)
    found = looked.features("train")
    rows = looked.load("train")
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    model = load_model(one.run.model, one.run.plan)
    tokens = model.tokenizer(rows.texts[3], rows.pairs[3], return_tensors="pt", truncation=True, max_length=40)
    with torch.inference_mode():
        last = model.model.base_model(**tokens).last_hidden_state[0].mean(0).numpy()
    assert np.allclose(found[3], last / np.linalg.norm(last), atol=1e-5)
    at = one.run.path / "features" / "train.npz"
    before = at.stat().st_mtime_ns
    assert np.array_equal(look(one.run).features("train"), found)
    assert at.stat().st_mtime_ns == before
    at.write_bytes(b"broken")
    assert np.allclose(looked.features("train"), found, atol=1e-6)


def test_no_rows_have_no_features(trained: Callable[[str], Trained]) -> None:
    one = trained("binary")
    assert pooled(load_model(one.run.model, one.run.plan), look(one.run).rows.at([])).shape == (0, 1)


def test_a_split_without_rows_is_refused(trained: Callable[[str], Trained]) -> None:
    with pytest.raises(DataError) as caught:
        look(trained("binary").run, "other")  # type: ignore[arg-type]
    assert caught.value.code == "data.no_split"


def test_records_come_back_from_json() -> None:
    share = Interval(value=0.5, low=0.4, high=0.6)
    cause = Cause(key="noise", side="data", share=share, next=[Try(kind="table", rows={"seed": 2})])
    made = Errors(run="r", split="validation", content="c", rows=2, measure="accuracy", errors=share, wrong=1,
                  causes=[cause])  # fmt: skip
    assert Errors.model_validate_json(made.model_dump_json()) == made


def test_a_row_of_places_is_as_wrong_as_its_own_f1_says() -> None:
    read = np.array([(20, 1, 0, 0)] * 4)
    true = Spans(np.array([0, 0, 1]), np.array([0, 5, 0]), np.array([3, 9, 4]), np.zeros(3, int), np.ones(3), read)
    said = Spans(np.array([0, 2]), np.array([0, 1]), np.array([3, 2]), np.zeros(2, int), np.ones(2), read)
    labels = Labels(problem="spans", names=["PER"])
    seen = with_answers(said.matrix(SAID), true.matrix(TRUE), labels, ["x" * 20] * 4)
    assert seen.measure == "span_f1"
    assert seen.mass.tolist() == pytest.approx([1 / 3, 1, 1, 0])


def test_sets_of_classes_are_partly_right() -> None:
    labels = Labels(problem="multi_label", names=["a", "b", "c"])
    targets = np.array([[1, 1, 0], [0, 0, 1]], dtype=np.float32)
    seen = with_answers(np.array([[1, -1, -1], [-1, -1, 1]], dtype=np.float32), targets, labels)
    assert (seen.measure, seen.mass.tolist()) == ("micro_f1", pytest.approx([1 / 3, 0]))


def test_a_measure_that_holds_all_for_wrong_says_nothing() -> None:
    task = TextClassification()
    labels = Labels(problem="ordinal", names=["bad", "so", "good"], low=0, high=2)
    targets = np.array([0, 1, 2, 0], dtype=np.float32)
    assert measure_of(task, targets[:, None], targets, labels) == "accuracy"
    assert measure_of(task, (targets[:, None] + 1) % 3, targets, labels) == "accuracy"
    numbers = Labels(problem="regression", low=0.0, high=0.0)
    assert masses(task, targets[:, None] * 0, targets, numbers, "mae").tolist() == [0, 1, 1, 0]


def test_the_metric_that_a_run_is_judged_by_tells_its_errors_also_where_all_are_wrong() -> None:
    read = np.array([(20, 1, 0, 0)] * 2)
    true = Spans(np.array([0, 1]), np.array([0, 5]), np.array([3, 9]), np.zeros(2, int), np.ones(2), read)
    said = Spans(np.array([0]), np.array([4]), np.array([9]), np.zeros(1, int), np.ones(1), read)
    labels = Labels(problem="spans", names=["PER"])
    seen = with_answers(said.matrix(SAID), true.matrix(TRUE), labels, ["x" * 20] * 2)
    assert (seen.measure, seen.by, seen.mass.tolist()) == ("span_f1", "rows", [1, 1])


def test_grades_of_pairs_are_wrong_by_their_places() -> None:
    task, labels = Embedding(), Labels(problem="regression", low=0.0, high=5.0)
    targets = np.array([0, 1, 3, 5], dtype=np.float32)
    said = np.array([[0.1], [0.9], [0.4], [0.7]], dtype=np.float32)
    measure = measure_of(task, said, targets, labels)
    found = masses(task, said, targets, labels, measure)
    assert found.tolist() == pytest.approx([0, 2 / 3, 1 / 3, 1 / 3])
    assert with_answers(targets[:, None], targets, labels).by == "far"
