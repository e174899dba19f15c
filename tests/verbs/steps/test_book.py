"""A book is opened, or it is said what is wrong with it; its runs are found by the start of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import BookError
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import write_json
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.book_file import BookFile, write_book_file
from tunebook.verbs.steps.plan import plan


def test_a_book_is_opened(book: Book) -> None:
    found = open_book(str(book.path))
    assert found.file.task == "text_classification"
    assert found.file.owner == "Ada"
    assert found.data.rows == book.data.rows
    assert found.champion.version == 1
    assert found.tables.versions() == [1]


def test_a_book_that_was_moved(book: Book, tmp_path: Path) -> None:
    book.path.rename(tmp_path / "elsewhere")
    found = open_book(tmp_path / "elsewhere")
    assert found.data.path == tmp_path / "elsewhere" / "data"
    assert plan(found.champion, found.data).data_path == tmp_path / "elsewhere" / "data"


@pytest.mark.parametrize("name", ["nothing", "."])
def test_a_folder_that_is_no_book(name: str, tmp_path: Path) -> None:
    with pytest.raises(BookError) as caught:
        open_book(tmp_path / name)
    assert caught.value.code == "book.missing"


@pytest.mark.parametrize("text", ["task =", "[1]", 'owner = "x"', 'task = "t"\nother = 1', "task = 3", b"\xff\xfe"])
def test_a_broken_book_file(text: str | bytes, tmp_path: Path) -> None:
    (tmp_path / BOOK_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BookError) as caught:
        open_book(tmp_path).file  # noqa: B018
    assert caught.value.code == "book.file"
    assert caught.value.message


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = BookFile(
        task="t", owner='Ann "the\\owner"\n\t张三 \x7f', created="2025-01-01",
        sources={"train": ["C:\\data\\a b.csv", "数据.csv"], "test": []},
    )  # fmt: skip
    write_book_file(file, tmp_path)
    assert Book(tmp_path).file == file


@pytest.fixture
def runs(book: Book) -> Book:
    """Runs that are only folders: `aa-1` and `ab-2` finished, `b-3` begun."""
    made = plan(book.champion, book.data)
    for name in ("b-3", "aa-1", "ab-2"):
        path = write_json(made, book.path / "runs" / name / "plan.json")
        if name != "b-3":
            (path.parent / "outcome.json").write_text("{}")
    (book.path / "runs" / "begun").mkdir()
    return book


def test_runs_are_found(runs: Book) -> None:
    assert [run.id for run in runs.runs] == ["aa-1", "ab-2", "b-3"]
    assert runs.run().id == "ab-2"
    assert runs.run("b").id == "b-3"
    assert runs.run("aa-1").id == "aa-1"
    (runs.path / "runs" / "aa").mkdir()
    (runs.path / "runs" / "aa" / "plan.json").write_text("{}")
    assert runs.run("aa").id == "aa", "a full name wins over those that begin so"


def test_the_run_of_the_champion_is_told_from_the_latest(runs: Book) -> None:
    other = plan(child(runs.champion, {"seed": 7}), runs.data)
    for name in ("c-4", "d-5", "e-6"):
        path = write_json(other, runs.path / "runs" / name / "plan.json")
        (path.parent / "outcome.json").write_text("{}")
    (path.parent / "plan.json").write_text("{")
    (runs.path / "runs" / "b-3" / "outcome.json").unlink(missing_ok=True)
    assert runs.run("champion").id == "ab-2"
    for name in ("aa-1", "ab-2"):
        (runs.path / "runs" / name / "outcome.json").unlink()
    with pytest.raises(BookError, match="v1") as caught:
        runs.run("champion")
    assert caught.value.code == "book.champion_run"


@pytest.mark.parametrize("name", ["a", "c", ""])
def test_a_name_that_stands_for_no_single_run(name: str, runs: Book) -> None:
    with pytest.raises(BookError, match=r"aa-1 \| ab-2 \| b-3") as caught:
        runs.run(name)
    assert caught.value.code == "book.run"


def test_a_book_without_runs(book: Book) -> None:
    assert book.runs == []
    with pytest.raises(BookError, match="tunebook train") as caught:
        book.run()
    assert caught.value.code == "book.no_runs" and not caught.value.allowed
