"""A book's log becomes lessons with their circumstances."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import logged, small
from tunebook.core.nouns import Estimate, Plan, write_json
from tunebook.core.verdict import Look, RowEffect
from tunebook.knowledge.effects import row_tests
from tunebook.knowledge.index import Index, Question
from tunebook.knowledge.lesson import Lesson
from tunebook.tables.store import TableStore
from tunebook.verbs.learn import learn, lessons
from tunebook.verbs.promote import promote, rollback
from tunebook.verbs.steps.book import Book


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "hotel", rows=1234, language="zh", classes=3)


def taught(book: Book) -> list[Lesson]:
    return lessons(book, book.log.entries())


def test_a_changed_table_with_its_circumstances(book: Book) -> None:
    (found,) = taught(book)  # v1 has no parent, and init teaches nothing
    assert (found.action, found.book, found.group, found.language) == ("table", "hotel", logged.CONTENT, "zh")
    assert (found.rows, found.classes, found.task, found.problem) == (1234, 3, "text_classification", "single_label")
    assert (found.version, found.against, found.reason) == (2, 1, "larger steps")
    assert found.changed == [{"row": "learning_rate", "from": 5e-5, "to": 1e-4}]
    assert (found.model, found.local, found.parameters, found.techniques) == ("builtin:minilm", False, None, [])
    assert (found.gain, found.verdict, found.date) == (None, "", book.log.entries()[-1].time[:10])


def test_a_test_with_its_figures(book: Book) -> None:
    look = Look(seeds=5, alpha=0.022, gain=0.03, lower=0.01, upper=0.05, verdict="PROMOTE", se=0.009, df=6.5)
    effects = [RowEffect(row="learning_rate", effect=0.02, lower=0, upper=0.04, method="one_in")]
    logged.log_test(book, logged.verdict(book, 1, 2, history=[look], effects=effects))
    found = taught(book)[-1]
    assert (found.action, found.verdict, found.gain, found.seeds, found.metric) == (
        "test",
        "PROMOTE",
        0.031,
        5,
        "accuracy",
    )
    assert (found.alpha, found.test, found.se, found.df) == (0.022, "t12", 0.009, 6.5)
    assert found.effects == effects
    assert row_tests("learning_rate", [found])[0].gain == 0.031


def test_an_entry_that_only_names_the_test_reads_its_file(book: Book) -> None:
    logged.verdict(book, 1, 2, test="abc")
    book.log.append("test", table=2, evidence={"test": "abc", "verdict": "PROMOTE"})
    found = taught(book)[-1]
    assert (found.gain, found.against, found.alpha, found.se, found.df) == (0.031, 1, 0.05, None, None)


def test_what_the_test_rows_said(book: Book) -> None:
    second = {"metric": "accuracy", "a": 0.6, "b": 0.71, "gain": 0.11, "lower": -0.04, "upper": 0.26, "alpha": 0.05,
              "n": 100, "seeds": 5}  # fmt: skip
    figures = logged.tested(book, 1, 2).model_dump(mode="json", exclude={"path"})
    fresh = {"fresh": {"seeds": [1001], "runs": {}}}
    book.log.append("open", table=2, evidence={"verdict": figures, "test_scores": {**second, **fresh}})
    book.log.append("open", table=2, evidence={"verdict": figures, "test_scores": {"a": 0.6}})
    refused, older = taught(book)[-2:]
    assert (refused.action, refused.version, refused.against, refused.verdict) == ("open", 2, 1, "PROMOTE")
    assert refused.test_scores is not None and refused.test_scores.model_dump() == second
    assert older.test_scores is None, "an entry that has not kept all of it"
    learn(book)
    found = Index().find(Question(words="测试样本否决"))
    assert [item.test_scores for item in found] == [None, refused.test_scores]


def test_promotion_and_rollback(book: Book) -> None:
    logged.tested(book, 1, 2)
    logged.promoted(book, 2, reason="快")
    rollback(book, reason="slow")
    promote(book, 2, force=True, reason="agreed")
    kinds = [(item.action, item.version, item.against, item.forced, item.reason) for item in taught(book)[2:]]
    assert kinds == [
        ("promote", 2, 1, False, "快"),
        ("rollback", 1, 2, False, "slow"),
        ("promote", 2, 1, True, "agreed"),
    ]
    assert taught(book)[2].gain == 0.031
    assert [item.action for item in Index().find()] == ["promote", "rollback", "promote", "test", "table"]


def test_nothing_is_learnt_twice_nor_from_a_copy(book: Book, tmp_path: Path) -> None:
    assert learn(book) == 1
    assert learn(book) == 0
    shutil.copytree(book.path, tmp_path / "copy")
    assert learn(Book(tmp_path / "copy")) == 0
    promote(book, 2, force=True, reason="x")
    assert learn(book) == 0
    assert len(Index().find(Question(action="promote"))) == 1


def run(book: Book, name: str, model: str, parameters: int) -> None:
    made: dict[str, Any] = {
        "task": "text_classification", "model": model, "model_id": "", "labels": book.data.labels,
        "params": small.filled(), "techniques": {}, "table": "", "table_version": 1, "data": "",
        "data_path": Path(), "seed": 1, "versions": {},
        "estimate": Estimate(seconds=1, memory_bytes=1, steps=1, parameters=parameters, trained=1),
    }  # fmt: skip
    write_json(Plan(**made), book.path / "runs" / name / "plan.json")


def test_the_size_of_the_model_is_that_of_a_run(book: Book) -> None:
    run(book, "a", "builtin:minilm", 22_000_000)
    run(book, "b", "other", 5)
    assert taught(book)[0].parameters == 22_000_000


def test_a_model_of_this_machine_and_techniques(book: Book, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    logged.add_version(book, {"base_model": str(tmp_path), "layer_decay": "on"}, note="own model")
    found = taught(book)[-1]
    assert (found.model, found.local, found.techniques) == (str(tmp_path), True, ["layer_decay"])


def test_versions_whose_files_are_gone_still_teach(book: Book) -> None:
    book.tables.path(2).unlink()
    (found,) = taught(book)
    assert (found.version, found.against, found.model, found.local) == (None, None, "", False)
    assert found.changed[0]["row"] == "learning_rate"


def test_each_file_of_the_book_is_read_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        logged.log_test(book, logged.verdict(book, 1, 2, test=f"t{number}"))
    run(book, "20260101-000000-a", "builtin:minilm", 22_000_000)
    asked: list[int] = []
    get = TableStore.get

    def counted(store: TableStore, which: int | str) -> Any:
        asked.append(int(which))
        return get(store, which)

    entries = book.log.entries()
    monkeypatch.setattr(TableStore, "get", counted)
    assert len(lessons(book, entries)) == 6
    assert sorted(asked) == [1, 2]


def test_a_damaged_plan_hides_no_other(book: Book) -> None:
    run(book, "20260101-000000-a", "builtin:minilm", 22_000_000)
    run(book, "20260101-000001-b", "builtin:minilm", 1)
    (book.path / "runs" / "20260101-000001-b" / "plan.json").write_text("{", encoding="utf-8")
    assert taught(book)[0].parameters == 22_000_000
