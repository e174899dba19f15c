"""The tests of a book as its log tells them, also of logs that older versions wrote."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import logged
from tests.plans import frozen, look
from tunebook.core.nouns import write_json
from tunebook.core.verdict import Gate
from tunebook.verbs.abtest.logged_tests import counted, logged_facts, logged_tests, taken
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import write_book_file


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def test_a_test_of_today_needs_no_file(book: Book) -> None:
    plan = frozen(shift=7)
    found = logged.verdict(book, 1, 2, test=plan.id, history=[look(3, 0.03)])
    logged.log_test(book, found, **logged_facts(book, found, plan))
    shutil.rmtree(book.path / "tests")
    (item,) = logged_tests(book)
    assert (item.plan, item.test, item.looks) == (plan, plan.id, found.history)
    assert (item.a_values, item.b_values, item.content) == ("one", "two", "c")
    assert item.used_seeds == {1, 2, 3, 4, 5, 8, 9, 10, 11, 12}
    assert item.figures == {
        "entry": 4, "test": plan.id, "verdict": "PROMOTE", "metric": "accuracy", "gain": 0.031, "lower": 0.008,
        "upper": 0.054, "seeds": 5,
    }  # fmt: skip


def test_one_of_before_is_read_from_its_folder(book: Book) -> None:
    plan = frozen()
    found = logged.tested(book, 1, 2, test=plan.id)
    write_json(plan, found.path / "plan.json")
    (item,) = logged_tests(book)
    assert item.plan == plan and [(seen.seeds, seen.alpha) for seen in item.looks] == [(5, 0.05)]
    write_json(plan.model_copy(update={"alpha": 0.2}), found.path / "plan.json")
    (changed,) = logged_tests(book)
    assert changed.plan is None, "another plan than the one that the test is named after"


def test_what_has_lost_its_plan_still_counts(book: Book) -> None:
    logged.tested(book, 1, 2)
    shutil.rmtree(book.path / "tests")
    (item,) = logged_tests(book)
    assert item.b_values == book.tables.get(2).values_id and item.content == book.data.content
    assert item.used_seeds == {1, 2, 3, 4, 5}


def test_the_gate_of_its_time(book: Book) -> None:
    plan = frozen()
    found = logged.verdict(book, 1, 2, test=plan.id, metric="macro_f1")
    logged.log_test(book, found)
    assert logged_tests(book)[0].gate == Gate(metric="macro_f1"), "an older test: that of today, in its own metric"
    write_book_file(book.file.model_copy(update={"gate": Gate(alpha=0.01)}), book.path)
    assert logged_tests(book)[0].gate.alpha == 0.05
    then = Gate(metric="accuracy", alpha=0.2)
    logged.log_test(book, found, gate=then.model_dump(mode="json"))
    assert logged_tests(book)[0].gate == then


def test_only_tests_that_a_promotion_could_rest_on_count(book: Book) -> None:
    then, today = Gate(metric="accuracy"), Gate(metric="macro_f1", alpha=0.01)
    kinds: dict[str, dict[str, Any]] = {
        "then": {}, "today": {"metric": "macro_f1", "alpha": 0.01}, "neither": {"metric": "macro_f1"},
        "named": {"seeds": [7, 8, 9]}, "others": {"a_values": "x"}, "rows": {"content": "x"},
        "start": {"continues": Path("runs/r1"), "delta": 0.0},
    }  # fmt: skip
    plans = {name: frozen(**changes) for name, changes in kinds.items()}
    for plan in plans.values():
        start = plan.continues.name if plan.continues else ""
        told = {"test": plan.id, "metric": plan.metric, "continues": start, "gate": then.model_dump(mode="json")}
        history = [look(5, 0.05).model_dump(mode="json")]
        book.log.append("test", evidence={**told, "plan": plan.model_dump(mode="json"), "history": history})
    found = counted(book, plans["then"], today)
    assert [item.test for item in found] == [plans[name].id for name in ("then", "today", "start")]
    looks = taken(found, plans["today"], 0.01)
    assert [(item.alpha, item.draw) for item in looks] == [
        (0.01, "accuracy "), (0.01, ""), (0.01, "accuracy r1")
    ]  # fmt: skip


@pytest.mark.parametrize("evidence", [{"a": 9}, {"plan": {}}, {"history": ["x"]}, {"alpha": 0.05}])
def test_an_entry_that_says_little_is_no_error(book: Book, evidence: dict[str, Any]) -> None:
    book.log.append("test", evidence={"test": "x", **evidence})
    (item,) = logged_tests(book)
    assert (item.plan, item.a_values, item.looks, item.used_seeds) == (None, "", [], set())


def test_a_test_that_was_logged_twice_is_one(book: Book) -> None:
    for test in ("x", "y", "x"):
        logged.tested(book, 1, 2, test=test)
    book.log.append("test")
    assert [(item.test, item.entry.number) for item in logged_tests(book)] == [("x", 6), ("y", 5)]


def test_the_models_are_logged_as_their_trainings_wrote_them(proven: Book) -> None:
    (entry,) = proven.log.entries("test")
    for side in "ab":
        wrote = [proven.run(name).outcome["model_id"] for name in entry.evidence["runs"][side]]
        assert entry.evidence["models"][side] == wrote and all(wrote)
