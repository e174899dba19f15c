"""Learn: what a book's log says goes into the user's index, so that other books can ask for it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tunebook.core.errors import BookError, TunebookError
from tunebook.core.folders import inside, read_object
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable
from tunebook.knowledge.index import Index
from tunebook.knowledge.lesson import Lesson, SecondProof
from tunebook.knowledge.log import Entry
from tunebook.tables.in_force import diff
from tunebook.verbs.abtest.verdicts import read_verdict
from tunebook.verbs.steps.book import Book

_TAUGHT = ("table", "test", "open", "promote", "rollback")
_FIGURES = ("metric", "gain", "lower", "upper", "seeds", "effects")


def learn(book: Book, index: Index | None = None) -> int:
    """Bring the index up to date with a book's log; returns the number of new lessons.

    Raises:
        BookError: the log or the index is damaged or locked. MachineError: the index cannot be written.
    """
    index = index or Index()
    known = index.known()
    return index.add(lessons(book, [entry for entry in book.log.entries() if key(entry) not in known]))


def remember(book: Book) -> None:
    """`learn`, for commands whose own work is done: whatever goes wrong is a warning."""
    try:
        learn(book)
    except Exception as error:  # the index can be made anew from the books; the command's work cannot
        reason = error.message if isinstance(error, TunebookError) else str(error) or type(error).__name__
        warnings.warn(say("index.failed", reason=reason, book=book.path), stacklevel=3)


def lessons(book: Book, entries: Iterable[Entry]) -> list[Lesson]:
    """What entries of a book's log teach: changed tables, tests, promotions, rollbacks, refusals by the test rows."""
    teacher = _Teacher(book)
    found = (teacher.lesson(entry) for entry in entries if entry.action in _TAUGHT)
    return [lesson for lesson in found if lesson is not None]


def key(entry: Entry) -> str:
    """Key of an entry's lesson: the same for every copy of the book."""
    return entry.hash[:16]


class _Teacher:
    """Turns entries of one log into lessons; each file of the book is read once, however many entries name it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.table = cache(self._table)
        self.verdict = cache(self._verdict)
        self.plan = cache(self._plan)

    def lesson(self, entry: Entry) -> Lesson | None:
        """What an entry teaches; None for a new version in which nothing was changed."""
        figures = {**self.verdict(_test_of(entry)), **entry.figures}
        if own := self.owned(entry, str(figures.get("metric", ""))):
            figures["metric"] = own
        table = self.table(entry.table if entry.table is not None else figures.get("b"))
        before = figures.get("a") or entry.evidence.get("from") or (table.parent if table else None)
        old = self.table(before)
        changed = diff(old, table) if old and table else list(entry.evidence.get("changed", []))
        if entry.action == "table" and not changed:
            return None
        model = str(table.values().get("base_model", "")) if table else ""
        looks = figures.get("history") or [{}]
        return Lesson(
            key=key(entry),
            action=entry.action,
            date=entry.time[:10],
            test=str(figures.get("test", "")),
            model=model,
            local=bool(model) and ":" not in model and Path(model).expanduser().exists(),
            parameters=self.parameters.get(model),
            techniques=sorted({name.partition(".")[0] for name in table.rows if "." in name}) if table else [],
            version=table.version if table else None,
            against=old.version if old else None,
            changed=changed,
            verdict=str(figures.get("verdict", "")),
            alpha=looks[-1].get("alpha", figures.get("alpha")),
            **{name: looks[-1][name] for name in ("se", "df") if looks[-1].get("df")},
            test_scores=_second(entry),
            forced=entry.forced,
            reason=entry.reason,
            **{name: figures[name] for name in _FIGURES if figures.get(name) is not None},
            **self.around,
        )

    def owned(self, entry: Entry, metric: str) -> str:
        """A metric of the book's owner with the hash of what it is, so that it is never taken for one of the same name
        in another book; empty for any other metric."""
        plan = entry.evidence.get("plan")
        if plan is None:
            plan = self.plan(_test_of(entry))
        known = plan.get("business", {}) if isinstance(plan, dict) else {}
        return f"{metric} ({known[metric]})" if metric in known else ""

    @cached_property
    def around(self) -> dict[str, Any]:
        """What holds for every lesson of the book."""
        data = self.book.data
        return {
            "book": self.book.path.resolve().name,
            "group": data.content,
            "task": data.task,
            "problem": data.labels.problem,
            "language": str(data.stats.get("language", "")),
            "rows": data.rows.get("train", 0),
            "classes": len(data.labels.names),
        }

    @cached_property
    def parameters(self) -> dict[str, int | None]:
        """Base model -> its size, as the newest plan with it says that can be read."""
        found: dict[str, int | None] = {}
        for run in self.book.runs:
            with suppress(OSError, ValueError, TunebookError):
                plan = run.plan
                found[plan.model] = plan.estimate.parameters
        return found

    def _table(self, version: Any) -> ParamTable | None:
        """A version that may be gone."""
        try:
            return self.book.tables.get(version) if isinstance(version, int) else None
        except TunebookError:
            return None

    def _verdict(self, test: str) -> dict[str, Any]:
        """Figures of a test: its file knows more than the entry."""
        with suppress(BookError):  # a name that leads out of the book
            folder = inside(self.book.path / "tests", test, said_by=self.book.log.path)
            if verdict := read_verdict(folder / "verdict.json"):
                return verdict.model_dump(mode="json")
        return {}

    def _plan(self, test: str) -> dict[str, Any]:
        """The frozen plan of a test; empty where it cannot be read."""
        with suppress(BookError):
            folder = inside(self.book.path / "tests", test, said_by=self.book.log.path)
            return read_object(folder / "plan.json", "metric")
        return {}


def _second(entry: Entry) -> SecondProof | None:
    """What the test rows said; None where they were not asked, or an older entry has not kept all of it."""
    with suppress(ValidationError):
        told = entry.evidence.get("test_scores") or {}
        return SecondProof(**{name: told[name] for name in SecondProof.model_fields if name in told})
    return None


def _test_of(entry: Entry) -> str:
    """Id of the test that an entry rests on; `-` for none."""
    return str(entry.figures.get("test") or entry.evidence.get("test") or "-")


__all__ = ["key", "learn", "lessons", "remember"]
