"""What a list says of runs is read again only where a file has changed, and what is damaged is never kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tunebook.core.errors import TunebookError
from tunebook.core.files import write_whole
from tunebook.core.nouns import write_json
from tunebook.report.plan_words import table_text
from tunebook.tables.make import child
from tunebook.verbs.steps import run_facts as module
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.chosen import changed_table
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.run_facts import FACTS, facts_of
from tunebook.verbs.steps.runs import Run


@pytest.fixture
def runs(book: Book) -> list[Run]:
    """Two runs of the book, the second of which has finished."""
    made = [book.path / "runs" / name for name in ("20260101-000000-a", "20260101-000001-b")]
    for seed, path in enumerate(made):
        write_json(plan(book.champion, book.data, seed=seed), path / "plan.json")
    outcome = {"seconds": 2.5, "rows_per_second": 1, "peak_memory_bytes": 1, "steps": 1, "device": "cpu"}
    write_whole(made[1] / "outcome.json", json.dumps(outcome))
    return [Run(path) for path in made]


def read(runs: list[Run], book: Book, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose files are read for a list; what it says is what they say."""
    seen: list[str] = []
    real = module._read
    with monkeypatch.context() as patch:
        patch.setattr(module, "_read", lambda run: [seen.append(run.id), real(run)][1])
        found = facts_of(runs, book.path)
    assert found == [real(run) for run in runs] and all(set(facts) == set(FACTS) for facts in found)
    return seen


def test_only_what_has_changed_is_read_again(runs: list[Run], book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (run.id for run in runs)
    assert read(runs[1:], book, monkeypatch) == [second]
    assert read(runs, book, monkeypatch) == [first]
    assert read(runs, book, monkeypatch) == []
    (runs[0].path / "failed.json").write_text('{"code": "run.diverged"}')
    assert read(runs, book, monkeypatch) == [first]
    outcome = (runs[1].path / "outcome.json").read_text()
    (runs[1].path / "outcome.json").write_text(outcome.replace("2.5", "9.5"))  # as long as before
    os.utime(runs[1].path / "outcome.json", ns=(1, 1))
    assert read(runs, book, monkeypatch) == [second]
    (kept,) = (book.path / "cache").glob("runs-*.json")
    kept.write_text(kept.read_text().replace("9.5", "7.5"))
    assert read(runs, book, monkeypatch) == [first, second], "what somebody has changed is nothing that was kept"


def test_a_version_that_is_added_may_be_the_nearest(runs: list[Run], book: Book) -> None:
    write_json(
        plan(changed_table(book, "champion", {"max_epochs": "2", "seed": "5"}), book.data), runs[0].path / "plan.json"
    )

    def told() -> str:
        facts = facts_of(runs, book.path)[0]
        assert isinstance(facts, dict)
        return table_text(facts)

    assert told() == "v1 + max_epochs=2, seed=5"
    book.tables.add(child(book.champion, {"max_epochs": 2}, note="two"))
    assert told() == "v2 + seed=5"
    book.tables.add(child(book.champion, {"max_epochs": 2, "seed": 5}, note="both"))
    assert told() == "v3"


def test_what_is_damaged_is_told_each_time_and_runs_that_are_gone_are_forgotten(runs: list[Run], book: Book) -> None:
    (runs[0].path / "plan.json").write_text("{")
    for _ in range(2):
        damaged, whole = facts_of(runs, book.path)
        assert isinstance(damaged, TunebookError) and damaged.code == "file.damaged"
        assert isinstance(whole, dict) and (whole["seconds"], whole["seed"], whole["metric"]) == (2.5, 1, None)
    runs[1].path.rename(book.path / "elsewhere")
    write_json(plan(book.champion, book.data), runs[0].path / "plan.json")
    facts_of(runs[:1], book.path)
    (kept,) = (book.path / "cache").glob("runs-*.json")
    assert list(json.loads(kept.read_text())["made"]) == [runs[0].id]
    assert facts_of([], book.path) == []


def test_a_cache_that_cannot_be_written_is_done_without(runs: list[Run], book: Book) -> None:
    (book.path / "cache").rename(book.path / "old") if (book.path / "cache").exists() else None
    (book.path / "cache").write_text("a file where a folder should be")
    assert [facts["seed"] for facts in facts_of(runs, book.path) if isinstance(facts, dict)] == [0, 1]


def test_whether_texts_are_pairs_is_told_at_once(book: Book) -> None:
    file = book.path / "data" / "split.json"
    known = json.loads(file.read_text())
    assert book.holds_pairs is (book.data.roles.text_pair is not None) is False
    file.write_text(json.dumps({**known, "roles": {**known["roles"], "text_pair": "second"}}))
    assert book.holds_pairs
    file.write_text(json.dumps({**known, "roles": ["text"]}))
    assert not book.holds_pairs
    file.unlink()
    with pytest.raises(TunebookError, match=r"file\.missing"):
        _ = Book(Path(book.path)).holds_pairs
