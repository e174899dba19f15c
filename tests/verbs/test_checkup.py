"""A whole book is looked at: each fault is found, told apart, and comes with what to do; a sound book has none."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.books import Trained
from tunebook.core.errors import BookError
from tunebook.verbs.checkup import checkup
from tunebook.verbs.steps.book import Book, open_book


@pytest.fixture
def book(trained: Callable[[str], Trained], tmp_path: Path) -> Book:
    return open_book(shutil.copytree(trained("binary").book.path, tmp_path / "book"))


def edit(path: Path, **changed: object) -> None:
    path.chmod(0o644)
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 0xFF
    path.write_bytes(bytes(data))


def codes(book: Book) -> list[str]:
    return sorted(finding.code for finding in checkup(book.path))


def test_a_sound_book_and_what_is_no_book(book: Book, tmp_path: Path) -> None:
    assert checkup(book.path) == []
    with pytest.raises(BookError) as caught:
        checkup(tmp_path)
    assert caught.value.code == "book.missing"


@pytest.mark.parametrize("name", ["plan.json", "outcome.json", "report.json"])
@pytest.mark.parametrize(("content", "code"), [("", "file.damaged"), ('{"new": 1}', "file.damaged")])
def test_a_file_of_a_run(name: str, content: str, code: str, book: Book) -> None:
    run = book.run()
    (run.path / name).write_text(content)
    (found,) = checkup(book.path)
    newer = name != "outcome.json" and content
    assert found.code == ("file.newer" if newer else code) and found.path == str(run.path / name)
    if name == "report.json" and not newer:
        assert f"tunebook eval {book.path} --run {run.id}" in found.advice
    if name == "plan.json" and not newer:
        assert f"move {run.id}" in found.advice


def test_what_was_changed_by_hand(book: Book) -> None:
    run = book.run()
    edit(run.path / "plan.json", seed=7)
    assert codes(book) == ["doctor.plan_changed"]
    edit(run.path / "plan.json", seed=run.plan.params.seed, data="0" * 12)
    assert codes(book) == ["doctor.plan_changed", "run.data"]


def test_a_model(book: Book) -> None:
    run = book.run()
    flip(run.path / "model" / "model.safetensors")
    assert codes(book) == ["doctor.model_changed"], "only its hash tells it"
    (run.path / "outcome.json").write_text("")
    assert codes(book) == ["file.damaged"], "and the hash is in the outcome"
    (run.path / "model" / "model.safetensors").write_bytes(b"x")
    assert codes(book) == ["file.damaged", "model.damaged"]
    shutil.rmtree(run.path / "model")
    assert codes(book) == ["file.damaged", "run.no_model"]
    searched = book.path / "searches" / "abc" / "runs"
    searched.mkdir(parents=True)
    run.path.rename(searched / run.id)
    assert codes(book) == ["file.damaged"], "of a search, only the best trial keeps its model"


def test_rows_settings_tables_and_log(book: Book) -> None:
    flip(book.path / "data" / "rows.parquet")
    edit(book.path / "tables" / "fine_tune_params_v1.json", note="mine")
    (book.path / "book.toml").write_text("task = ")
    found = {finding.code: finding for finding in checkup(book.path)}
    assert set(found) == {"data.damaged", "table.damaged", "book.file"}
    assert 'task = "text_classification"' in found["book.file"].advice
    assert "predict works without it" in found["data.damaged"].advice
    (book.path / "book.toml").unlink()
    (book.path / "tables" / "fine_tune_params_v1.json").unlink()
    (book.path / "data" / "split.json").unlink()
    assert codes(book) == ["book.file", "data.not_prepared", "data.not_prepared", "table.lost"]
    gone = next(finding for finding in checkup(book.path) if finding.code == "table.lost")
    assert "from a copy" in gone.advice and gone.path.endswith("_v1.json")


def test_the_log(book: Book) -> None:
    with sqlite3.connect(book.log.path) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE entries SET reason = 'better' WHERE number = 1")
    db.close()
    (found,) = checkup(book.path)
    assert found.code == "log.edited" and "log.head" in found.advice
    book.log.path.write_bytes(b"SQLite")
    assert codes(book) == ["log.damaged"]


def test_an_unfinished_run_a_test_and_a_search(book: Book) -> None:
    run = book.run()
    (run.path / "outcome.json").unlink()
    checkpoint = run.path / "checkpoints" / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    (checkpoint / "tunebook_state.pt").touch()
    for name in ("tests/t/verdict.json", "searches/s/search.json", f"runs/{run.id}/validation/report.json"):
        (book.path / name).parent.mkdir(parents=True, exist_ok=True)  # features of the run may be kept there
        (book.path / name).write_text("{")
    found = {(finding.code, Path(finding.path).name): finding for finding in checkup(book.path)}
    assert set(found) == {
        ("doctor.checkpoint", "trainer_state.json"), ("file.damaged", "verdict.json"), ("file.damaged", "search.json"),
        ("file.damaged", "report.json"), ("file.missing", "outcome.json"),
    }  # fmt: skip
    assert "tunebook ab" in found["file.damaged", "verdict.json"].advice
