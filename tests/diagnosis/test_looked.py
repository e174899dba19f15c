"""The rows of a split, what a run answers to them and how wrong it is; what it makes of texts before its head."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.books import Trained

from tunebook.core.errors import DataError
from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import Cause, Try
from tunebook.diagnosis.looked import look
from tunebook.diagnosis.records import Errors
from tunebook.engine.load import load_model
from tunebook.engine.pooled import pooled
from tunebook.tasks.label_metrics import decided


@pytest.mark.parametrize("kind", ["classes", "several", "ordered", "pairs"])
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
