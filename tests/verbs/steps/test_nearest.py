"""Values that are no version: told by the version that they are nearest to."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from tunebook.report.plan_words import changed_text, table_text
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.nearest import nearest


def told(book: Book, **values: object) -> str:
    near, changed = nearest(book.path, {**book.champion.values(), **values})
    return table_text({"table": None, "near": near, "changed": changed})


def test_the_version_with_the_fewest_other_values(book: Book) -> None:
    assert told(book, max_epochs=2) == "v1 + max_epochs=2"
    second = book.tables.add(child(book.champion, {"max_epochs": 2, "batch_size": 8}, note="two"))
    assert told(book, max_epochs=2, batch_size=8, seed=7) == f"v{second.version} + seed=7"
    assert told(book, max_epochs=2) == "v2 + batch_size=" + str(book.champion.values()["batch_size"]), (
        "the newest of two"
    )
    assert "4 other values" in told(book, seed=7, max_epochs=3, batch_size=4, weight_decay=0.5)
    near, changed = nearest(book.path, {**book.champion.values(), "seed": 7, "max_epochs": 3})
    assert changed_text({"near": near, "changed": changed}) == "max_epochs=3, seed=7"
    assert told(book, unheard=1) == "v1 + unheard=1"
    book.tables.path(2).chmod(0o644)
    book.tables.path(2).write_text("{", encoding="utf-8")
    assert told(book, max_epochs=2) == "v1 + max_epochs=2", "a damaged version says nothing"


def test_a_version_that_was_made_later_renames_no_run_but_one_of_its_own_values(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {**book.champion.values(), "max_epochs": 2, "weight_decay": 0.5}
    begun = book.champion.created
    later = datetime.fromisoformat(begun) + timedelta(hours=1)
    monkeypatch.setattr("tunebook.tables.store.datetime", SimpleNamespace(now=lambda zone: later.astimezone(zone)))
    made = book.tables.add(child(book.champion, {"max_epochs": 2}, note="two"))
    assert nearest(book.path, values)[0] == "v2"
    assert nearest(book.path, values, begun) == ("v1", {"max_epochs": 2, "weight_decay": 0.5})
    assert nearest(book.path, made.values(), begun) == ("v2", {}), "it is just this version"
    assert nearest(book.path, values, "2001-01-01T00:00:00+00:00")[0] == "v2", "none is as old"


def test_a_book_without_versions_has_no_nearest(book: Book) -> None:
    values = book.champion.values()
    book.tables.path(1).unlink()
    assert nearest(book.path, values) == (None, {})
    assert table_text({"table": None, "near": None, "changed": {}}) == "unsaved"
    assert table_text({"table": "v3", "near": None, "changed": {}}) == "v3"
