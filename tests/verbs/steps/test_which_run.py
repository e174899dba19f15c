"""Which run answers where none is named, and which one a name means."""

from __future__ import annotations

import pytest

from tunebook.core.errors import BookError
from tunebook.core.nouns import ParamTable, write_json
from tunebook.knowledge.log import Change
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, new_run
from tunebook.verbs.steps.which_run import alone

OTHER = {"freeze.layers": 1}


def add(book: Book, table: ParamTable, seed: int = 42, *, arm: bool = False, finished: bool = True) -> Run:
    """A run that is only a folder."""
    made = plan(table, book.data, seed=seed)
    run = new_run(book.path / "runs", made)
    write_json(made, run.path / "plan.json")
    if finished:
        (run.path / "outcome.json").write_text("{}")
    if arm:
        run.as_arm()
    return run


def test_the_newest_answers_until_a_test_has_been_run(book: Book) -> None:
    one, other = book.champion, child(book.champion, OTHER)
    first = add(book, one)
    assert book.run() == book.run("latest") == book.run("champion") == first
    tried = add(book, other)
    add(book, other, 9, finished=False)
    assert book.run() == tried and book.run("champion") == first
    arms = [add(book, table, seed, arm=True) for seed in (1, 2) for table in (one, other)]
    assert book.run() == book.run("champion") == first, "the one that was trained for itself, not an arm"
    assert book.run("latest") == arms[-1]
    assert alone(book.path, [*arms, tried, first]) == [tried, first]
    last = add(book, other, 7)
    assert book.run() == last, "somebody wanted that one"


def test_a_promoted_table_answers_by_its_arms_where_it_has_no_other_run(book: Book) -> None:
    first, other = add(book, book.champion), book.tables.add(child(book.champion, OTHER))
    arms = [add(book, table, 1, arm=True) for table in (other, book.champion)]
    assert book.run() == first
    book.log.crown(Change(action="promote", table=other.version), 1)
    assert book.run() == book.run("champion") == arms[0]
    own = add(book, other)
    add(book, book.champion, 2, arm=True)
    assert book.run() == own


def test_where_the_champion_was_never_trained_the_newest_that_no_test_began(book: Book) -> None:
    other = child(book.champion, OTHER)
    tried, arm = add(book, other), add(book, other, 1, arm=True)
    assert book.run() == tried
    with pytest.raises(BookError) as caught:
        book.run("champion")
    assert caught.value.code == "book.champion_run"
    (tried.path / "outcome.json").unlink()
    assert book.run() == arm, "there is no other"
    book.log.path.write_bytes(b"no log")
    assert book.run() == arm


def test_arms_of_tests_of_older_versions_are_known_by_the_plans_that_these_began(book: Book) -> None:
    first, arm = add(book, book.champion), add(book, child(book.champion, OTHER), 1)
    assert book.run() == arm
    begun = book.path / "tests" / "0123" / "begun"
    begun.mkdir(parents=True)
    (begun / arm.plan.id).touch()
    assert book.run() == first and arm.plan_id == arm.plan.id
    assert Run(book.path / "runs" / "mine").plan_id == ""
