"""What pages show of the tests of a book."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tunebook.core.errors import BookError
from tunebook.core.folders import is_held
from tunebook.core.verdict import Verdict
from tunebook.knowledge.log import Entry
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.standing import read_plan_of, seats
from tunebook.verbs.abtest.verdicts import read_verdict
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.moved import arms_moved
from tunebook.web.jobs import Jobs

State = Literal["done", "runs", "begins", "stopped"]
VERDICT = "verdict.json"
_OPEN = {"sentence": "", "seeds": None, "champion": None, "next": False}  # what a test without a verdict has come to


@dataclass(frozen=True)
class Known:
    """A test that has a folder in the book; read only as far as it is asked about.

    Attributes:
        entry: of the log, once it is over.
    """

    book: Book
    test: str
    entry: Entry | None = None

    @cached_property
    def plan(self) -> ABPlan | None:
        """Its plan; None where the file cannot be read."""
        with suppress(BookError):
            return read_plan_of(self.book, self.test)
        return None

    @property
    def figures(self) -> dict[str, Any]:
        """Verdict, gain and its ends, as the log has them."""
        return self.entry.evidence if self.entry is not None else {}

    @property
    def a(self) -> int | None:
        """The old table."""
        return self.plan.a if self.plan else self.figures.get("a")

    @property
    def b(self) -> int | None:
        """The new one."""
        return self.plan.b if self.plan else self.figures.get("b")

    @property
    def over(self) -> bool:
        """Whether it has a verdict."""
        return (self.book.path / "tests" / self.test / VERDICT).is_file()

    @property
    def held(self) -> bool:
        """Whether a process runs it."""
        return is_held(self.book.path / "tests" / self.test / ".lock")

    @property
    def state(self) -> State:
        """Where it stands, as files and locks say."""
        return "done" if self.over else "runs" if self.held else "stopped"


def known_tests(book: Book) -> list[Known]:
    """All tests of a book, those that were not logged yet first, then the newest."""
    logged = {str(entry.evidence.get("test")): entry for entry in book.log.entries("test")}
    paths = [path for path in (book.path / "tests").glob("*/plan.json")]
    begun = {path.parent.name: path.stat().st_mtime for path in paths}
    order = sorted(begun, key=lambda test: (logged[test].number if test in logged else 1 << 60, begun[test]))
    return [Known(book, test, logged.get(test)) for test in reversed(order)]


def view_of(book: Book, jobs: Jobs, known: Known) -> dict[str, Any]:
    """What the page of a test shows."""
    job = jobs.about(known.test)
    working = job is not None and jobs.state(job) == "running"
    state = "begins" if working and known.state == "stopped" else known.state
    plan, verdict = known.plan, None
    if state == "done":
        verdict = read_verdict(book.path / "tests" / known.test / VERDICT)
    lines = seats(book, plan) if plan is not None else []
    done = sum(seat.where in ("trained", "judged", "failed") for _, *pair in lines for seat in pair)
    answer = jobs.answer(job) if job is not None and state == "stopped" else None
    told = answer.get("error") if isinstance(answer, dict) else None
    if told and told["code"] == "run.interrupted":
        told = None
    said = jobs.said(job).splitlines()[-1:] if job is not None and working else []
    return {
        "known": known, "state": state, "plan": plan, "lines": lines, "done": done, "job": job, "ours": working,
        "moved": arms_moved(book, plan.id, plan.content) if plan is not None else [],
        "told": told, "said": "".join(said), "verdict": verdict, "live": state in ("runs", "begins"),
        **(_come_to(book, verdict) if verdict is not None else _OPEN),
    }  # fmt: skip


def _come_to(book: Book, verdict: Verdict) -> dict[str, Any]:
    """What a verdict says and what one does with it."""
    from tunebook.report.ab_words import further_seeds, sentence

    champion = book.tables.champion
    return {
        "sentence": sentence(verdict),
        "seeds": further_seeds(verdict, book.file.gate.places),
        "champion": champion,
        "next": verdict.passed and champion is not None and verdict.b != champion,
    }


__all__ = ["VERDICT", "Known", "State", "known_tests", "view_of"]
