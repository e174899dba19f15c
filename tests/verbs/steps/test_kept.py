"""Worked out once, kept as JSON; made anew where the file is broken, and no cache is no fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tunebook.models.source import model_id
from tunebook.verbs.steps.book import kept, kept_model_id


class Maker:
    """Counts how often it is asked."""

    calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        return {"a": (1, 2), "nan": float("nan"), "call": self.calls}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


def test_it_is_made_once_and_the_same_ever_after(book: Path, tmp_path: Path) -> None:
    make = Maker()
    first, second = kept(book, "x-1", make), kept(book, "x-1", make)
    assert make.calls == 1
    assert first["a"] == second["a"] == [1, 2], "as JSON has it, even the first time"
    assert kept(book, "x-2", make)["call"] == 2
    assert sorted(path.name for path in (tmp_path / "book" / "cache").iterdir()) == ["x-1.json", "x-2.json"]


def test_a_broken_entry_is_made_anew(book: Path) -> None:
    make = Maker()
    kept(book, "x", make)
    path = book / "cache" / "x.json"
    for number, text in enumerate(('{"a": [1', '{"a": [1], "call": 1}', "null", path.read_text().replace("2", "3")), 2):
        path.write_text(text)
        assert kept(book, "x", make)["call"] == number, "cut, of an older version, no object, changed"
        assert kept(book, "x", make)["call"] == number


def test_where_nothing_can_be_written(book: Path, tmp_path: Path) -> None:
    (tmp_path / "book").write_text("no folder")
    make = Maker()
    assert [kept(book, "x", make)["call"] for _ in range(2)] == [1, 2]


def test_what_fails_is_not_kept(book: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        kept(book, "x", lambda: 1 / 0)
    assert kept(book, "x", lambda: 5) == 5


def test_a_model_that_has_settled_is_hashed_once(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small.base_model(tmp_path / "model")
    wanted = model_id(folder)
    assert kept_model_id(folder, book) == wanted and not list((tmp_path / "book").glob("cache/*")), "just written"
    monkeypatch.setattr("tunebook.models.source._SETTLED", 0)
    assert kept_model_id(folder, book) == wanted
    monkeypatch.setattr("tunebook.models.source.model_id", lambda folder: pytest.fail("it is known"))
    assert kept_model_id(folder, book) == wanted
    monkeypatch.undo()
    monkeypatch.setattr("tunebook.models.source._SETTLED", 0)
    (folder / "vocab.txt").write_text("another")
    os.utime(folder / "vocab.txt")
    assert kept_model_id(folder, book) == model_id(folder) != wanted
