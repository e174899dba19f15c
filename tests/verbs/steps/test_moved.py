"""A run of other rows than those in force is told as such, and of these nothing is told."""

from __future__ import annotations

from tests.books import base, proven, proven_path  # noqa: F401
from tests.web.visitor import Visitor, words_of
from tunebook.core.nouns import write_json
from tunebook.data.load import kept_table
from tunebook.verbs.abtest.standing import read_plan_of
from tunebook.verbs.correct import correct
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.book_data import adopt
from tunebook.verbs.steps.moved import arms_moved, rows_moved
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


def test_a_test_of_rows_that_have_changed_since(proven: Book) -> None:  # noqa: F811
    (test,) = (proven.path / "tests").iterdir()
    made = read_plan_of(proven, test.name)
    assert arms_moved(proven, made.id, made.content) == []
    page = f"/book/{proven.path.name}/ab/{test.name}"
    correct(proven, {str(kept_table(proven.data).select(["_id"]).to_pylist()[0]["_id"]): ""})
    (told,) = arms_moved(open_book(proven.path), made.id, made.content)
    assert test.name in told and "is of the rows v1" in told and "rows v2 are in force" in told
    assert told in words_of(Visitor(proven.path).get(page).text)


def test_rows_that_no_version_holds_are_named_by_their_place(book: Book) -> None:
    run = Run(book.path / "runs" / "20260101-000000-a")
    write_json(plan(book.champion, book.data).model_copy(update={"data": "other"}), run.path / "plan.json")
    assert f"trained on the rows {book.path / 'data'}, and the rows v1 are" in rows_moved(book, run)[0]
