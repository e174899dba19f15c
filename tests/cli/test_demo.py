"""tunebook demo: the whole way in one command (here with a tiny model and few rows)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import Call

from tunebook.cli import demo as demo_module
from tunebook.core.errors import RunError
from tunebook.verbs.steps import train as train_module


def test_the_whole_way(tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_module, "DATA", str(small.write_csv(tmp_path / "rows.csv", 80)))
    monkeypatch.setattr(demo_module, "MODEL", str(model))
    book = tmp_path / "demo" / "book"
    done = tunebook("demo", book, "--json")
    assert done.code == 0, done.out
    assert set(done.json["baselines"]) == {"majority", "tfidf_logreg", "frozen_logreg"}
    assert [row["text"] for row in done.json["predictions"]] == list(demo_module.MESSAGES)
    assert all(f"[{number}/5] tunebook" in done.err for number in range(1, 6))
    again = tunebook("demo", book)
    assert again.code == 2 and "book.exists" in again.err


def test_the_summary(tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_module, "DATA", str(small.write_csv(tmp_path / "rows.csv", 60)))
    monkeypatch.setattr(demo_module, "MODEL", str(model))
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("demo", tmp_path / "book")
    assert done.code == 0 and "最佳基线" in done.out and "下一步" in done.out and "kettle" in done.out


def test_an_existing_folder_is_refused(tunebook: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert tunebook("demo", tmp_path).code == 2


def test_a_demo_that_was_interrupted_goes_on_with_train(
    tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise RunError("run.interrupted", key="r", value=3)

    monkeypatch.setattr(demo_module, "DATA", str(small.write_csv(tmp_path / "rows.csv", 60)))
    monkeypatch.setattr(demo_module, "MODEL", str(model))
    monkeypatch.setattr(train_module, "train", interrupted)
    done = tunebook("demo", tmp_path / "book")
    assert done.code == 3 and f"tunebook train {tmp_path / 'book'}" in " ".join(done.err.split())
