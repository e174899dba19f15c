"""A book of tables and a log without any training, and verdicts as a test would leave them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.nouns import DataRef, Labels, Roles, write_json
from tunebook.core.verdict import Guardrail, Verdict
from tunebook.knowledge.log import Change, Entry
from tunebook.tables.make import child, new_table
from tunebook.verbs.abtest.verdicts import fitting_verdicts
from tunebook.verbs.promote import Promotion, enact
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import BookFile, write_book_file

CONTENT = "c0ffee"


def make_book(folder: Path, *, rows: int = 700, language: str = "en", classes: int = 2, content: str = CONTENT) -> Book:
    """A book whose champion is v1, with a child v2 (twice the learning rate)."""
    book = Book(folder)
    ref = DataRef(
        path=Path(),
        sources={"rows.csv": "1"},
        roles=Roles(text="text", label="label"),
        labels=Labels(problem="single_label", names=[f"c{number}" for number in range(classes)]),
        rows={"train": rows, "validation": 200, "test": 100},
        content=content,
        stats={"language": language},
    )
    write_json(ref, folder / "data" / "split.json")
    write_book_file(BookFile(task=ref.task, owner="Ada", created="2026-01-01"), folder)
    first = book.tables.add(new_table({"learning_rate": 5e-5}).model_copy(update={"owner": "Ada"}))
    book.tables.set_champion(Change(action="init", table=1, actor="Ada"), None)
    book.tables.add(child(first, {"learning_rate": 1e-4}, "larger steps", owner="Bob"))
    return book


def add_version(book: Book, changes: dict[str, Any], parent: int | str = "champion", note: str = "") -> int:
    """A child of a version; returns its number."""
    return book.tables.add(child(book.tables.get(parent), changes, note, owner="Bob")).version


def verdict(book: Book, a: int, b: int, **changes: Any) -> Verdict:
    """A passing verdict of b against a, in the book."""
    test = changes.pop("test", f"t{a}{b}")
    found = Verdict(
        **{
            "test": test, "verdict": "PROMOTE", "a": a, "b": b, "a_values": book.tables.get(a).values_id,
            "b_values": book.tables.get(b).values_id, "content": book.data.content, "split": "validation",
            "metric": "accuracy", "gain": 0.031, "lower": 0.008, "upper": 0.054, "delta": 0.02,
            "delta_kind": "absolute", "alpha": 0.05, "seeds": 5, "n": 200, "looks": 1,
            "path": book.path / "tests" / test, **changes,
        }
    )  # fmt: skip
    write_json(found, found.path / "verdict.json")
    return found


def log_test(book: Book, found: Verdict, **more: Any) -> None:
    """The entry that a test leaves; of one of before today without `more`."""
    evidence = found.model_dump(mode="json", exclude={"path", "history", "extra", "settle"})
    evidence["passed"] = found.passed
    book.log.append("test", actor="Bob", table=found.b, evidence={**evidence, **more})


def tested(book: Book, a: int, b: int, **changes: Any) -> Verdict:
    """A verdict with the entry in the log."""
    found = verdict(book, a, b, **changes)
    log_test(book, found)
    return found


def promoted(book: Book, version: int, **wish: Any) -> Entry:
    """A promotion as the proof of a test leaves it, without any."""
    fitting = fitting_verdicts(book, book.tables.get(version))
    verdict = {"verdict": fitting[0].model_dump(mode="json", exclude={"path", "history", "extra"})} if fitting else {}
    evidence = {"from": book.tables.champion, **verdict}
    change = Change(action="promote", table=version, evidence=evidence, **wish)
    return enact(book, Promotion(change, book.tables.champion))


def broken_guardrail() -> Guardrail:
    """Something that got worse."""
    return Guardrail(name="worst_class", kind="score", margin=0.02, gain=-0.1, lower=-0.2, upper=0, held=False)
