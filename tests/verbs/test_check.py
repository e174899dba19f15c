"""Check finds what plan() refuses, and what the machine cannot hold, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.tables.make import child
from tunebook.verbs import check as module
from tunebook.verbs.check import check, warnings_of
from tunebook.verbs.steps.book import Book


def files(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in folder.rglob("*")}


def test_a_good_book_is_ok_and_untouched(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(book.path)
    found = check(book)
    assert found.ok
    assert found.problems == []
    assert found.plan is not None
    assert found.plan.table == book.champion.values_id
    assert found.warnings == book.data.stats["warnings"]
    assert all({"code", "message", "fields"} == set(item) for item in found.warnings)
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    small = [item["message"] for item in check(book).warnings if item["code"] == "split_small"]
    assert small and all("条样本" in text for text in small), "whatever the language of init was"
    assert files(book.path) == before


def test_what_plan_refuses_is_a_problem(book: Book) -> None:
    found = check(book, child(book.champion, {"metric": "qwk"}))
    assert not found.ok
    assert found.plan is None
    (problem,) = found.problems
    assert problem["code"] == "plan.metric"
    assert "accuracy" in problem["allowed"]
    assert problem["advice"]


@pytest.mark.parametrize("gpu", [0, 1 << 20])
def test_a_machine_that_is_too_small(gpu: int, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"cores": 1, "memory_bytes": 1 << 20, "gpu_memory_bytes": gpu, "bf16": False}
    monkeypatch.setattr(module, "this_machine", lambda: small)
    found = check(book)
    assert found.plan is not None
    assert [problem["code"] for problem in found.problems] == ["machine.memory"]
    assert "gradient_accumulation_steps" in found.problems[0]["advice"]


def test_rows_that_do_not_fit_each_other_are_warned_of(book: Book) -> None:
    found = check(book, child(book.champion, {"max_epochs": 4, "early_stopping_patience": 9}))
    assert found.ok
    (warning,) = [item for item in found.warnings if item["code"].startswith("rules.")]
    assert warning["code"] == "rules.early_stopping_patience"
    assert warning["fields"] == {"row": "early_stopping_patience", "value": 3}
    assert "9" in warning["message"] and "never" in warning["message"]


def test_how_the_base_model_reads_the_texts_is_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.verbs.steps import model_facts as planning

    real = planning.read_tokens
    monkeypatch.setattr(planning, "read_tokens", lambda *a, **k: {**real(*a, **k), "joints": 0.2, "pieces": 2.04})
    (found,) = check(book).warnings[len(book.data.stats["warnings"]) :]
    assert found["code"] == "strange_words" and "into 2.0 pieces" in found["message"]
    gone = child(book.champion, {"base_model": "./gone"})
    assert warnings_of(book, gone) == book.data.stats["warnings"], "that there is no such model is a problem of its own"
