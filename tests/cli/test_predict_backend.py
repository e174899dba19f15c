"""tunebook predict --backend: the same answers by another backend, or a clear refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from tunebook.backends import choice, way
from tunebook.backends.choice import Chooser, Chosen
from tunebook.backends.measured import Measured
from tunebook.cli.backends import told_of
from tunebook.core.backends import AUTO, EAGER, ONNX, WANTED

TEXTS = ("the room was great", "we found it awful", "the food was great and the staff was awful")
FILE = "".join(f"{text}\n" for text in ("text", *TEXTS))


def both(tunebook: Call, book: Path, *more: str) -> None:
    """Answers of onnxruntime are those of torch."""
    right = tunebook("predict", book, *TEXTS, *more, "--json").lines
    found = tunebook("predict", book, *TEXTS, *more, "--backend", "onnx", "--json").lines
    assert len(found) == len(TEXTS)
    for one, other in zip(found, right, strict=True):
        assert one["label"] == other["label"] and one["scores"] == pytest.approx(other["scores"], abs=1e-5)


def test_onnx_answers_the_same_and_is_named(tunebook: Call, book: Path, tmp_path: Path) -> None:
    both(tunebook, book)
    source = tmp_path / "new.csv"
    source.write_text(FILE, encoding="utf-8")

    def saved(name: str, *more: str) -> Any:
        return tunebook("predict", book, "--file", source, "--out", tmp_path / name, *more, "--json").json

    assert saved("onnx.csv", "--backend", "onnx")["backend"]["backend"] == "onnx"
    assert saved("auto.csv", "--backend", "auto")["backend"]["why"] == "few"
    assert "backend" not in saved("plain.csv"), "torch, as ever"
    assert "by onnx" in tunebook("predict", book, *TEXTS, "--backend", "onnx").err


def test_what_was_measured_is_kept_for_this_model_alone(
    tunebook: Call, lent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "new.csv"
    source.write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(choice, "_FEW", 0)
    monkeypatch.setattr(Chooser, "_pays", lambda *given: True)

    def chosen(name: str) -> Any:
        words = ("predict", lent, "--file", source, "--out", tmp_path / name, "--backend", "auto", "--json")
        return tunebook(*words).json["backend"]

    first = chosen("1.csv")
    assert (first["why"], first["kept"]) == ("measured", False) and first["difference"] < 1e-5
    monkeypatch.setattr(Measured, "quickest", "eager")
    assert chosen("2.csv") == {**first, "backend": "eager", "kept": True}
    done = tunebook("train", lent, "--set", "seed=7", "--set", "max_epochs=1", "--track", "none")
    assert done.code == 0, done.err
    assert not chosen("3.csv")["kept"], "another model"
    for file in lent.rglob("backend-*"):
        file.write_text("{", encoding="utf-8")
    assert not chosen("4.csv")["kept"], "damaged"


def test_what_lora_has_learnt_is_in_the_graph(tunebook: Call, lent: Path) -> None:
    done = tunebook("train", lent, "--set", "lora=on", "--set", "max_epochs=1", "--track", "none")
    assert done.code == 0, done.err
    both(tunebook, lent)


def test_what_cannot_be_done_is_refused(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = tunebook("predict", book, "text", "--backend", "tensorrt", "--json")
    assert done.code == 2 and "auto | eager | onnx" in str(done.json["error"])
    monkeypatch.setattr(way, "read_config", lambda folder: {"model_type": "other"})
    monkeypatch.setattr("tunebook.backends.graph.strange", lambda model: "a part of its own")
    error = tunebook("predict", book, TEXTS[0], "--backend", "onnx", "--json").json["error"]
    assert error["code"] == "backend.unfit" and "a part of its own" in str(error)


def test_what_answered_is_told_in_every_case() -> None:
    assert (AUTO, EAGER, ONNX) == WANTED
    by = Chosen(backend="onnx", why="measured", rows=64, faster=1.5, difference=2e-6)
    assert "1.5 times" in told_of(by) and "2e-06" in told_of(by)
    assert "64 rows" in told_of(by.model_copy(update={"backend": "eager"}))
    assert "few rows" in told_of(Chosen(backend="eager", why="few"))
    assert "no graph" in told_of(Chosen(backend="eager", why="unfit", reason="no graph"))
