"""The table that somebody means."""

from __future__ import annotations

from pathlib import Path

from tests.books import base, book  # noqa: F401
from tunebook.tables.files import write_table
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.chosen import changed_table, is_file, named_table, overruled


def test_a_version_a_file_and_changes(book: Book, tmp_path: Path) -> None:  # noqa: F811
    file = write_table(book.champion, tmp_path / "Table.YAML")
    assert is_file(str(file)) and not is_file("v2")
    assert named_table(book, str(file)).values() == named_table(book, "champion").values()
    assert changed_table(book, "v1", {}) == book.champion
    changed = changed_table(book, "v1", {"lr": "3e-5"})
    assert changed.values()["learning_rate"] == 3e-5 and book.tables.versions() == [1]


def test_rows_that_train_nothing_are_told(book: Book) -> None:  # noqa: F811
    table = changed_table(book, "v1", {"learning_rate": "3e-5"})
    assert overruled(table, ["learning_rate"]) == [] and overruled(table, ["none"]) == []
