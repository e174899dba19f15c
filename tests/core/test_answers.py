"""Answers: kept whole or asked for anew; of several models mean, stack and losses against rows by hand."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.core.answers import Rows, answered, fits, kept_answers, row_losses, rows_id, stacked
from tunebook.core.nouns import Labels
from tunebook.tasks.text_classification import TextClassification

TASK = TextClassification()


def labels(problem: str, names: str = "") -> Labels:
    return Labels(problem=problem, names=list(names))


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression", "ordinal"])
def test_the_mean_of_models_is_the_mean_of_what_they_say(problem: str) -> None:
    draw = np.random.default_rng(0)
    answers = [draw.normal(size=(6, 3)).astype(np.float32) for _ in range(4)]
    found = TASK.mean(answers, labels(problem))

    def said(logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if problem == "single_label":
            return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        return 1 / (1 + np.exp(-logits)) if problem == "multi_label" else logits

    assert abs(said(found) - np.mean([said(one) for one in answers], axis=0)).max() < 1e-6
    huge = TASK.mean([1e4 * one for one in answers], labels(problem))
    assert found.dtype == np.float32 and np.isfinite(huge).all()


def test_answers_of_any_width_are_stacked_and_a_lost_run_is_no_number() -> None:
    narrow, wide = np.arange(1, 7, dtype=np.float32).reshape(3, 2), np.full((3, 5), 7, np.float32)
    found = stacked([narrow, None, wide])
    assert found.shape == (3, 3, 5) and found.dtype == np.float32
    for row in range(3):
        assert found[0, row].tolist() == [*narrow[row].tolist(), 0, 0, 0]
    assert np.isnan(found[1]).all() and (found[2] == wide).all()
    none = stacked([None, None], (3, 4))
    assert none.shape == (2, 3, 4) and np.isnan(none).all() and none.dtype == np.float32
    assert stacked([narrow.astype(float)]).dtype == np.float64


@pytest.mark.parametrize(
    ("targets", "width"),
    [(np.zeros((4, 3), np.float32), 3), (np.array([0, 2, 1, 0]), 3), (np.zeros(4, np.float32), 1), (None, 1)],
)
def test_answers_have_an_output_for_each_class(targets: Any, width: int) -> None:
    assert fits(np.zeros((4, width)), 4, targets) and fits(np.zeros((4, width + 1)), 4, targets)
    wrong = (np.zeros((4, width - 1)), np.zeros((3, width)), np.zeros(4), np.zeros((4, width), int))
    assert not any(fits(answers, 4, targets) for answers in wrong)


def test_answers_that_are_lists_may_be_shorter_than_the_truth() -> None:
    spans = np.zeros((4, 1 + 3 * 5), np.int64)
    assert fits(np.zeros((4, 1 + 4), np.float32), 4, spans) and not fits(np.zeros((3, 5), np.float32), 4, spans)


def test_outputs_go_to_the_place_of_their_class_and_a_class_that_a_head_lacks_is_never_said() -> None:
    old, new = labels("single_label", "ba"), labels("single_label", "abcd")
    logits = np.array([[50.0, 40.0], [-3.0, -9.0]], dtype=np.float32)
    found = TASK.renamed(logits, old, new)
    assert found.shape == (2, 4) and (found[:, :2] == logits[:, ::-1]).all() and found.dtype == np.float32
    assert (found[:, 2:].max(1) < logits.min(1)).all()
    assert TASK.renamed(found, new, new) is found


def test_a_number_stays_the_number_that_it_is() -> None:
    level = np.array([[0.2], [2.7]], np.float32)
    assert TASK.renamed(level, labels("ordinal", "abc"), labels("ordinal", "abc")) is level
    assert TASK.renamed(level, labels("regression"), labels("regression")) is level


def test_the_loss_of_a_row_is_what_the_textbook_says() -> None:
    draw = np.random.default_rng(1)
    logits = draw.normal(size=(50, 3)).astype(np.float32)
    classes, several = draw.integers(3, size=50), draw.integers(2, size=(50, 3)).astype(np.float32)
    p = np.exp(logits.astype(float))
    p /= p.sum(1, keepdims=True)
    np.testing.assert_allclose(row_losses(logits, classes, "softmax"), -np.log(p[np.arange(50), classes]), rtol=1e-9)
    q = 1 / (1 + np.exp(-logits.astype(float)))
    expected = -(several * np.log(q) + (1 - several) * np.log(1 - q)).mean(1)
    np.testing.assert_allclose(row_losses(logits, several, "sigmoid"), expected, rtol=1e-9)
    np.testing.assert_array_equal(row_losses(np.array([[3.0], [1.0]]), np.array([1.0, 1.0]), "identity"), [4.0, 0.0])
    assert row_losses(np.array([[1e4, -1e4]]), np.array([1]), "softmax").tolist() == [2e4]


def rows_of(count: int, seed: int = 0) -> Rows:
    texts = [f"text {number}" for number in range(count)]
    return Rows(texts, None, np.random.default_rng(seed).integers(2, size=count), texts)


class Model:
    """Counts how often it is asked."""

    def __init__(self, rows: Rows) -> None:
        self.asked = 0
        self.given = np.random.default_rng(0).normal(size=(len(rows), 2)).astype(np.float32)

    def __call__(self) -> NDArray[np.float32]:
        self.asked += 1
        return self.given


def test_a_model_is_asked_once_and_again_where_rows_or_model_are_others(tmp_path: Path) -> None:
    rows, at = rows_of(30), tmp_path / "validation" / "logits.npz"
    model = Model(rows)
    assert kept_answers(at, rows) is None
    for _ in range(2):
        assert (answered(at, rows, model, "a") == model.given).all()
    assert model.asked == 1
    for unknown in ("", "a"):
        assert kept_answers(at, rows, unknown) is not None
    assert kept_answers(at, rows, "b") is None, "another model"
    assert kept_answers(at, replace(rows, texts=rows.texts[::-1]), "a") is None, "other texts"
    assert kept_answers(at, replace(rows, words=[np.array([[0, 4]])] * 30), "a") is None, "other words"
    assert kept_answers(at, replace(rows, targets=1 - rows.targets), "a") is not None, "the truth says nothing of them"
    answered(at, rows, model, "b")
    assert model.asked == 2 and kept_answers(at, rows, "b") is not None
    assert not list(tmp_path.rglob("*.part"))


def test_answers_of_older_versions_are_known_by_texts_and_targets(tmp_path: Path) -> None:
    rows, at = rows_of(30), tmp_path / "logits.npz"
    given = Model(rows).given
    np.savez_compressed(at, logits=given, key=np.array(rows_id(rows)))
    assert (kept_answers(at, rows, "any") == given).all()
    assert kept_answers(at, replace(rows, words=[np.array([[0, 4]])] * 30), "a") is None, "other words"
    assert kept_answers(at, replace(rows, targets=1 - rows.targets)) is None


def test_damaged_answers_are_asked_for_anew(tmp_path: Path) -> None:
    rows, at = rows_of(30), tmp_path / "logits.npz"
    model = Model(rows)
    answered(at, rows, model)
    whole = at.read_bytes()
    for wrong in (model.given[:3], model.given[:, 0], model.given.astype(str), model.given.astype(int)):
        np.savez_compressed(at, logits=wrong, rows=np.array(rows.texts_id), model=np.array(""))
        assert kept_answers(at, rows) is None
    np.savez_compressed(at, logits=model.given[:, :1], key=np.array(rows_id(rows)))
    assert kept_answers(at, rows) is None, "of an older version, which kept no model, and too narrow"
    draw = np.random.default_rng(1)
    contents = [whole[:place] for place in (0, 1, 30, len(whole) // 2, len(whole) - 1)]
    for place in draw.integers(len(whole), size=200):
        contents.append(whole[:place] + bytes([int(draw.integers(256))]) + whole[place + 1 :])
    for content in contents:
        at.write_bytes(content)
        found = kept_answers(at, rows)
        assert found is None or (found == model.given).all()
    with at.open("wb") as stream:
        np.save(stream, model.given)
    assert kept_answers(at, rows) is None
    assert (answered(at, rows, model) == model.given).all() and model.asked == 2
    at.unlink()
    at.mkdir()
    assert kept_answers(at, rows) is None


def test_where_nothing_may_be_written_a_model_still_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    rows = rows_of(30)
    model = Model(rows)
    assert (answered(tmp_path / "run" / "logits.npz", rows, model) == model.given).all()
    assert not list(tmp_path.iterdir())
