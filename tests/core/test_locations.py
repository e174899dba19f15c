"""Places that a plan names: told from the run, found again wherever the book stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import small

from tunebook.core.errors import BookError
from tunebook.core.locations import PLAN, from_book, home_of, read_plan, write_plan
from tunebook.core.nouns import Estimate, Labels, Plan, write_json


def plan_of(data: Path | str, **changes: object) -> Plan:
    given = {
        "task": "text_classification", "model": "builtin:minilm", "model_id": "abc",
        "labels": Labels(problem="single_label", names=["no", "yes"]), "params": small.filled(seed=1), "techniques": {},
        "table": "t", "table_version": 1, "data": "d", "data_path": Path(data), "seed": 1, "versions": {},
        "estimate": Estimate(seconds=1, memory_bytes=1, steps=1, parameters=1, trained=1),
    }  # fmt: skip
    return Plan(**{**given, **changes})


def book_at(folder: Path) -> Path:
    for part in ("data", "runs/one", "runs/two/model", "stages/s", "searches/q/runs/r", "models/base"):
        (folder / part).mkdir(parents=True)
    (folder / "book.toml").touch()
    return folder


@pytest.mark.parametrize("run", ["runs/one", "stages/s", "searches/q/runs/r"])
def test_a_run_knows_its_book(tmp_path: Path, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_at(tmp_path / "book")
    assert home_of(book / run) == book
    monkeypatch.chdir(tmp_path)
    assert home_of(Path("book") / run) == book
    assert home_of(tmp_path / "elsewhere" / "run") is None


def test_a_plan_moves_with_its_book(tmp_path: Path) -> None:
    book = book_at(tmp_path / "old")
    made = plan_of(
        book / "data", continues=book / "runs/two", model=str(book / "models/base"), before=plan_of(tmp_path / "far")
    )
    write_plan(made, book / "runs/one")
    text = (book / "runs/one" / PLAN).read_text()
    assert str(book) not in text, "what lies in the book is told from the run"
    assert read_plan(book / "runs/one") == made
    shutil.move(book, tmp_path / "new")
    book_at(tmp_path / "old")  # another book at the old place
    found = read_plan(tmp_path / "new/runs/one")
    new = tmp_path / "new"
    assert (found.data_path, found.continues, found.model) == (
        new / "data", new / "runs/two", str(new / "models/base"),
    )  # fmt: skip
    assert found.before is not None
    assert found.before.data_path == tmp_path / "far", "what lies elsewhere keeps its whole path"
    assert found.id == made.id


@pytest.mark.parametrize("absolute", [True, False])
def test_plans_of_older_versions(tmp_path: Path, absolute: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = tmp_path / "old" if absolute else Path("old")
    (tmp_path / "aside").mkdir()
    book = book_at(tmp_path / "new")
    book_at(tmp_path / "old")
    made = plan_of(
        old / "data",
        continues=tmp_path / "old/runs/two",  # these were always whole paths
        model=str(tmp_path / "old/runs/two/model"),
    )
    write_json(made, book / "runs/one" / PLAN)
    monkeypatch.chdir(tmp_path / "aside")
    found = read_plan(book / "runs/one")
    assert (found.data_path, found.continues, found.model) == (
        book / "data", book / "runs/two", str(book / "runs/two/model"),
    )  # fmt: skip


def test_a_base_model_inside_a_book_that_was_moved(tmp_path: Path) -> None:
    book = book_at(tmp_path / "new")
    old = tmp_path / "gone"
    write_json(plan_of(old / "data", model=str(old / "models/base")), book / "runs/one" / PLAN)
    assert read_plan(book / "runs/one").model == str(book / "models/base")


def test_a_stage_on_the_rows_of_another_book(tmp_path: Path) -> None:
    book, other = book_at(tmp_path / "book"), book_at(tmp_path / "other")
    stage = plan_of(other / "data", stage="intermediate")
    write_plan(stage, book / "stages/s")
    assert read_plan(book / "stages/s").data_path == other / "data", "never the rows of the book in which it lies"
    (tmp_path / "moved").mkdir()
    for folder in (book, other):
        shutil.move(folder, tmp_path / "moved")
    found = read_plan(tmp_path / "moved/book/stages/s").data_path
    assert found == tmp_path / "moved/other/data", "both were moved together"
    shutil.rmtree(tmp_path / "moved/other")
    assert read_plan(tmp_path / "moved/book/stages/s").data_path == other / "data", "told as it was, for the message"


def test_a_run_outside_of_any_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    write_plan(plan_of("rows/data"), Path("run"))
    assert read_plan(Path("run")).data_path == tmp_path / "rows/data"
    with pytest.raises(BookError) as caught:
        read_plan(tmp_path / "none")
    assert caught.value.code == "file.missing"


def test_a_plan_written_before_its_folder_is_moved(tmp_path: Path) -> None:
    book = book_at(tmp_path / "book")
    (book / "cache/new/run").mkdir(parents=True)
    write_plan(plan_of(book / "data", stage="pretrain"), book / "cache/new/run", final=book / "runs/later")
    (book / "cache/new/run").rename(book / "runs/later")
    assert read_plan(book / "runs/later").data_path == book / "data"


def test_the_folder_of_a_base_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_at(tmp_path / "book")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert from_book("models/base", Path("book")) == str(book / "models/base")
    assert from_book("here", book) == str(tmp_path / "here")
    assert from_book("some/name", book) == "some/name"
    assert from_book("builtin:minilm", book) == "builtin:minilm"
