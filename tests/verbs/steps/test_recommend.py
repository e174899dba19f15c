"""Recommend looks at the champion again, adds a child that says why, and never promotes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests import small
from tunebook.knowledge.index import INDEX_FILE, Index
from tunebook.tables.cheaper import Cheaper
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps import recommend as module
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.recommend import Wish, case_of, machine, recommend, similar, warnings

MIB = 1 << 20


@pytest.fixture(autouse=True)
def nothing_cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was measured of other ways."""
    monkeypatch.setattr(module, "cheaper", lambda: None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A knowledge base of these tests' own."""
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def promoted(book: Book, changes: dict[str, object]) -> Book:
    """The book with another champion."""
    from tunebook.verbs.promote import promote

    added = book.tables.add(child(book.champion, changes))
    promote(book, added.version, force=True, reason="for the test")
    return book


def test_nothing_to_change(book: Book) -> None:
    found = recommend(book)
    assert (found.parent, found.table, found.rows, found.kept) == (1, None, (), ())
    assert book.tables.versions() == [1]
    assert [entry.action for entry in book.log.entries()] == ["table", "init"]


def test_a_child_with_reasons(book: Book) -> None:
    promoted(book, {"learning_rate": 1e-5, "lr_scheduler": "constant"})
    found = recommend(book)
    assert found.table is None and {item.row for item in found.kept} == {"learning_rate", "lr_scheduler"}
    found = recommend(book, Wish(everything=True), note="try", owner="Bo")
    assert found.table is not None and found.table.version == 3 and found.table.parent == 2
    table = book.tables.get(3)
    assert (table.note, table.owner) == ("try", "Bo")
    assert table.values()["lr_scheduler"] == "linear" and "confidence" in table.rows["lr_scheduler"].reason
    assert book.tables.champion == 2
    last = book.log.entries()[-1]
    assert (last.action, last.table, last.evidence["parent"]) == ("recommend", 3, 2)
    assert {row["row"] for row in last.evidence["rows"]} == {"learning_rate", "lr_scheduler"}
    assert book.log.verify().ok


def test_a_dry_run_writes_nothing(book: Book) -> None:
    promoted(book, {"learning_rate": 1e-5})
    before = sorted(path for path in book.path.rglob("*") if "cache" not in path.parts)
    found = recommend(book, Wish(everything=True), dry_run=True)
    assert found.table is not None and found.table.version == 0 and found.rows
    assert "training rows" in found.table.note
    assert sorted(path for path in book.path.rglob("*") if "cache" not in path.parts) == before


def test_the_machine_that_was_wished_for(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"cores": 3, "memory_bytes": 100, "gpu_memory_bytes": 50, "bf16": True}
    monkeypatch.setattr(module, "this_machine", lambda: here)
    assert machine(Wish()).model_dump() == here
    assert machine(Wish(memory_bytes=7)).model_dump() == here | {
        "memory_bytes": 7,
        "gpu_memory_bytes": 0,
        "bf16": False,
    }
    assert machine(Wish(gpu_memory_bytes=9, cores=1)).model_dump() == here | {"gpu_memory_bytes": 9, "cores": 1}
    assert machine(Wish(memory_bytes=7, gpu_memory_bytes=9)).gpu_memory_bytes == 9


def test_a_machine_that_is_too_small_is_said(book: Book) -> None:
    facts = case_of(book, book.champion, Wish()).model
    tight = recommend(book, Wish(memory_bytes=2 * facts.state_bytes + 2**17), dry_run=True)
    changed = {item.row: item.advice.value for item in tight.rows}
    batch = int(str(changed["batch_size"]))
    assert batch * int(str(changed["gradient_accumulation_steps"])) == 16 and batch < 16
    assert tight.warnings == ()
    hopeless = recommend(book, Wish(memory_bytes=facts.state_bytes), dry_run=True)
    assert len(hopeless.warnings) == 1 and "base_model" in hopeless.warnings[0]


def test_for_a_small_device(book: Book) -> None:
    case = case_of(book, book.champion, Wish(edge_bytes=512 * MIB))
    report = case.stats["tokens"]
    found = recommend(book, Wish(edge_bytes=512 * MIB), dry_run=True)
    lengths = [item.advice.value for item in found.rows if item.row == "max_length"]
    assert lengths == ([-(-report["p95"] // 8) * 8] if -(-report["p95"] // 8) < -(-report["p99"] // 8) else [])
    assert found.warnings == ()
    tiny = recommend(book, Wish(edge_bytes=1000), dry_run=True)
    assert any("device" in words for words in tiny.warnings)


def test_a_model_that_cannot_read_the_texts(base: Path, tmp_path: Path) -> None:
    file = small.write_csv(tmp_path / "rows.csv", 60)
    text = file.read_text(encoding="utf-8").replace("hotel", "xylophone")
    file.write_text(text, encoding="utf-8")
    made = init(tmp_path / "book", file, model=str(base), allow=frozenset({"unknown_tokens"}))
    case = case_of(made, made.champion, Wish())
    assert case.stats["tokens"]["unknown_share"] > 0.05
    assert any("characters" in words for words in warnings(case))


def test_few_rows_may_need_no_such_model(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(book, book.champion, Wish())
    assert warnings(case) == []
    monkeypatch.setattr(module, "cheaper", lambda: Cheaper("TF-IDF", case.rows, 6, 4, 0.05))
    (told,) = warnings(case)
    assert "TF-IDF" in told and "4 of 6" in told and "5%" in told and "tfidf_logreg" in told
    assert warnings(replace(case, rows=2 * case.rows + 1)) == [], "nothing was measured of so many"
    assert warnings(replace(case, task="regression")) == []


def lessons_like(book: Book, rows: int = 60, **more: object) -> list[object]:
    from tunebook.knowledge.lesson import Lesson

    rate = book.champion.values()["learning_rate"]
    common = {
        "action": "test", "date": "2026-01-01", "task": "text_classification", "metric": "accuracy", "rows": rows,
        "language": str(book.data.stats["language"]), "lower": 0.015, "gain": 0.02, "upper": 0.025, "alpha": 0.05,
        "changed": [{"row": "learning_rate", "from": rate, "to": 7e-4}],
    }  # fmt: skip
    return [Lesson(**{"key": f"l{n}", "test": f"l{n}", "group": f"g{n}", **common, **more}) for n in range(4)]


def test_what_other_books_found_out(book: Book) -> None:
    Index().add(lessons_like(book))  # type: ignore[arg-type]
    found = recommend(book)
    assert [(item.row, item.advice.value) for item in found.rows] == [("learning_rate", 7e-4)]
    assert found.rows[0].advice.source == "knowledge base: 4 tests"
    assert found.table is not None and "knowledge base: 4 tests" in found.table.rows["learning_rate"].reason


@pytest.mark.parametrize("more", [{"rows": 60_000}, {"rows": 1}, {"task": "other"}, {"language": "zh"}])
def test_only_books_that_are_alike(book: Book, more: dict[str, object]) -> None:
    Index().add(lessons_like(book, **more))  # type: ignore[arg-type]
    assert recommend(book).rows == ()


def test_tests_on_the_same_rows_are_not_elsewhere(book: Book) -> None:
    Index().add(lessons_like(book, group=book.data.content))  # type: ignore[arg-type]
    assert similar(case_of(book, book.champion, Wish()), book) == []


def test_a_damaged_knowledge_base_is_a_warning(book: Book, home: Path) -> None:
    home.mkdir()
    (home / INDEX_FILE).write_bytes(b"no database at all" * 100)
    found = recommend(open_book(book.path))
    assert found.rows == () and len(found.warnings) == 1


def test_another_metric_is_another_question(book: Book) -> None:
    Index().add(lessons_like(book))  # type: ignore[arg-type]
    assert recommend(promoted(book, {"metric": "macro_f1"})).rows == ()
