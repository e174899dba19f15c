"""The proof: which version the winner becomes, when there is nothing to test, and what a refusal leaves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.report.test_ab import verdict
from tests.verbs.racing.contexts import Free
from tunebook.core.errors import RefusedError
from tunebook.tables.make import child
from tunebook.verbs import auto_proof as module
from tunebook.verbs import promote as promoting
from tunebook.verbs.auto_proof import prove
from tunebook.verbs.racing.state import Candidate
from tunebook.verbs.steps.book import Book


def raced(book: Book, tmp_path: Path, own: float = 0.5, winner: float = 0.6) -> tuple[Free, Candidate]:
    """A race that is over; the winner has these scores beside the champion's."""
    context = Free(tmp_path, {name: lambda place: 0.5 for name in ("champion", "1")})
    object.__setattr__(context, "book", book)
    context.state_file.change("champion", table=book.champion, scores=[own] * 3)
    table = child(book.champion, {"learning_rate": 5e-5})
    context.state_file.change("1", table=table, scores=[winner] * 3, state="finalist")
    return context, context.state_file.state.named("1")


@pytest.mark.parametrize("winner", [0.5, 0.4])
def test_what_is_not_ahead_is_not_tested(winner: float, book: Book, tmp_path: Path) -> None:
    context, item = raced(book, tmp_path, winner=winner)
    prove(context, item, frozenset())
    assert context.state_file.state.ended == "none_better" and book.tables.versions() == [1]
    alone, _ = raced(book, tmp_path / "alone")
    prove(alone, None, frozenset())
    assert alone.state_file.state.ended == "none_better" and "no other table" in alone.state_file.state.reason


@pytest.mark.parametrize(("decision", "ended"), [("STRONG", "promoted"), ("INCONCLUSIVE", "not_passed")])
def test_only_what_passes_is_promoted(
    decision: str, ended: str, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, item = raced(book, tmp_path)
    asked: list[Any] = []
    entry = SimpleNamespace(evidence={"test_scores": {"gain": 0.1}})
    monkeypatch.setattr(module, "_tested", lambda *args: verdict(decision, guardrails=[]))
    monkeypatch.setattr(promoting, "promote", lambda *args, **more: asked.append((args, more)) or entry)
    prove(context, item, frozenset())
    state = context.state_file.state
    assert state.ended == ended and len(asked) == (ended == "promoted")
    assert state.test_scores == ({"gain": 0.1} if asked else {}) and state.version == 2
    added = book.tables.get(2)
    assert added.values_id == item.table.values_id and "won the race of 1 candidates" in added.note
    last = book.log.entries()[-1]
    assert (last.action, last.table, last.evidence["candidate"]) == ("search", 2, "1")


def test_a_version_with_the_same_values_is_taken(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, item = raced(book, tmp_path)
    there = book.tables.add(item.table.model_copy(update={"note": "mine"}))
    monkeypatch.setattr(module, "_tested", lambda *args: verdict("REJECT"))
    prove(context, item, frozenset())
    assert context.state_file.state.version == there.version and book.tables.versions() == [1, 2]


def test_a_refusal_is_kept_in_words(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, item = raced(book, tmp_path)

    def refuse(*args: Any, **more: Any) -> None:
        raise RefusedError("promote.champion", key="v2")

    monkeypatch.setattr(module, "_tested", lambda *args: verdict("STRONG", guardrails=[]))
    monkeypatch.setattr(promoting, "promote", refuse)
    prove(context, item, frozenset())
    assert context.state_file.state.ended == "refused" and "v2" in context.state_file.state.reason
    assert book.tables.champion == 1


def test_what_the_test_rows_said_no_to_is_kept(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, item = raced(book, tmp_path)
    scores = {
        "gain": -0.1,
        "lower": -0.2,
        "upper": 0.0,
        "fresh": {"seeds": [9, 10], "runs": {"a": ["x", "y"], "b": ["z", "u"]}},
    }

    def refuse(*args: Any, **more: Any) -> None:
        book.log.append("open", reason="no", table=2, evidence={"test_scores": scores})
        raise RefusedError(
            "promote.not_repeated", key="v2", entry=1, gain="", lower="", upper="", n=1, seeds=2, metric=""
        )

    passed = verdict("STRONG", guardrails=[]).model_copy(update={"b": 2})
    monkeypatch.setattr(module, "_tested", lambda *args: passed)
    monkeypatch.setattr(promoting, "promote", refuse)
    prove(context, item, frozenset())
    state = context.state_file.state
    assert state.ended == "refused" and state.test_scores == scores and state.runs == {"promotion": 4}


def test_runs_that_came_to_an_end_are_counted(book: Book, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    for number, name in enumerate(("outcome.json", "failed.json", "plan.json")):
        (begun / f"p{number}").touch()
        folder = book.path / "runs" / f"20260101-000000-p{number}"
        folder.mkdir(parents=True)
        (folder / name).touch()
    assert cast(Any, module)._ended(book, begun) == 2 and cast(Any, module)._ended(book, tmp_path / "none") == 0
