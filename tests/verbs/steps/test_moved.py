"""A run of other rows than those in force is told as such, and of these nothing is told."""

from __future__ import annotations

from tunebook.core.nouns import write_json
from tunebook.data.load import kept_table
from tunebook.verbs.correct import correct
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.book_data import adopt
from tunebook.verbs.steps.moved import rows_moved
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run


def test_rows_that_have_changed_since(book: Book) -> None:
    run = Run(book.path / "runs" / "20260101-000000-a")
    write_json(plan(book.champion, book.data), run.path / "plan.json")
    assert rows_moved(book, run) == []
    first = kept_table(book.data).select(["_id", "label"]).to_pylist()[0]
    other = next(name for name in book.data.labels.names if name != first["label"])
    correct(book, {str(first["_id"]): other})
    now = open_book(book.path)
    (told,) = rows_moved(now, run)
    assert "trained on the rows v1" in told and "rows v2 are in force" in told and run.id in told
    adopt(now, 1)
    assert rows_moved(open_book(book.path), run) == [], "back to the rows that it saw"


def test_rows_that_no_version_holds_are_named_by_their_place(book: Book) -> None:
    run = Run(book.path / "runs" / "20260101-000000-a")
    write_json(plan(book.champion, book.data).model_copy(update={"data": "other"}), run.path / "plan.json")
    assert f"trained on the rows {book.path / 'data'}, and the rows v1 are" in rows_moved(book, run)[0]
