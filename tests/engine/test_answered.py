"""Answers in a file: kept whole, or asked for anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.core.rows import Rows
from tunebook.engine.answered import answered, kept_answers, rows_id


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
