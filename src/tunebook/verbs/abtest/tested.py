"""The tests of a book as its log tells them: a folder that is deleted takes no test back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from tunebook.core.errors import BookError, TableError
from tunebook.core.nouns import read_json
from tunebook.core.verdict import Gate, Look, Verdict
from tunebook.knowledge.log import Entry
from tunebook.verbs.abtest.binding import judged_by
from tunebook.verbs.abtest.spending import Taken
from tunebook.verbs.abtest.test_plan import TestPlan
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

_FIGURES = ("verdict", "metric", "gain", "lower", "upper", "seeds")


class Tested:
    """A test that was logged.

    Attributes:
        entry: of the log; where the test was logged once more with the effects of its rows, the last.
        test: id of its plan; plan: the frozen plan, None where an older test has lost it.
        a_values, b_values: of both tables; content: of the book's rows. Empty where an older test has lost its plan.
        looks: those that were taken.
        start: id of the run from which all its runs continue; empty for none.
        gate: the book's when it was logged, its metric by name. An older test that has not logged it is taken to have
            been asked for as its gate said: the one of today, with the metric of the test.
    """

    def __init__(self, book: Book, entry: Entry) -> None:
        told = entry.evidence
        self.entry, self.test = entry, str(told.get("test", ""))
        self.plan = _plan(book, told)
        self.a_values = self.plan.a_values if self.plan else _values(book, told.get("a"))
        self.b_values = self.plan.b_values if self.plan else _values(book, told.get("b"))
        self.content = self.plan.content if self.plan else str(told.get("content") or book.data.content)
        self.looks = _looks(told)
        self.start = str(told.get("continues") or "")
        self.gate = _gate(book, told)

    @property
    def figures(self) -> dict[str, Any]:
        """What a promotion says of it."""
        told = self.entry.evidence
        return {
            "entry": self.entry.number,
            "test": self.test,
            **{name: told[name] for name in _FIGURES if name in told},
        }

    @property
    def used_seeds(self) -> set[int]:
        """Seeds of either arm."""
        if self.plan is None:
            return set(range(1, 1 + max((look.seeds for look in self.looks), default=0)))
        return {seed + shift for seed in self.plan.seeds for shift in (0, self.plan.shift)}


def logged_tests(book: Book) -> list[Tested]:
    """All tests that were logged, in the order in which they first were."""
    found: dict[str, Entry] = {}
    for entry in book.log.entries("test"):
        if name := str(entry.evidence.get("test", "")):
            found[name] = entry
    return [Tested(book, entry) for entry in found.values()]


def counted(book: Book, plan: TestPlan, gate: Gate) -> list[Tested]:
    """The tests of the two tables of a plan, on its rows, on which a promotion could rest or could have rested.

    Whether one could is judged by the gate of its time, and by one of today: a gate that is changed takes no test back.

    Args:
        gate: of today, its metric by name.
    """
    pair = (plan.a_values, plan.b_values, plan.content)
    return [
        item
        for item in logged_tests(book)
        if item.plan
        and (item.a_values, item.b_values, item.content) == pair
        and (judged_by(item.plan, item.gate) or judged_by(item.plan, gate))
    ]


def taken(tests: Iterable[Tested], plan: TestPlan, alpha: float) -> list[Taken]:
    """The looks of tests, as a plan has to count them. One at a greater error than alpha, which an earlier gate
    allowed, has spent all of it."""
    own = (plan.metric, plan.continues.name if plan.continues else "")
    return [
        Taken(item.test, look.seeds, min(look.alpha, alpha), "" if draw == own else " ".join(draw))
        for item in tests
        for draw in [(str(item.entry.evidence.get("metric", "")), item.start)]
        for look in item.looks
    ]


def logged_facts(book: Book, verdict: Verdict, plan: TestPlan) -> dict[str, Any]:
    """What the log keeps of a test beside its figures, so that a promotion needs no file that could be changed."""
    named = verdict.extra.get("runs", {})
    return {
        "plan": plan.model_dump(mode="json"),
        "history": [look.model_dump(mode="json") for look in verdict.history],
        "runs": named,
        "models": {side: [_model(book, name) for name in names] for side, names in named.items()},
    }


def _model(book: Book, name: str) -> str:
    """Hash of the model that a run's training wrote; empty for a run that left none."""
    run = Run(book.path / "runs" / name)
    return str(run.outcome.get("model_id", "")) if run.finished else ""


def _plan(book: Book, told: dict[str, Any]) -> TestPlan | None:
    """The frozen plan: logged, or of a test of before it was, in the test's folder."""
    test = str(told.get("test", ""))
    with suppress(BookError, ValidationError):
        if "plan" in told:
            plan = TestPlan(**told["plan"])
        else:
            plan = read_json(TestPlan, book.path / "tests" / test / "plan.json")
        return plan if plan.id == test else None
    return None


def _gate(book: Book, told: dict[str, Any]) -> Gate:
    with suppress(ValidationError, TypeError, KeyError):
        return Gate(**told["gate"])
    today = book.file.gate
    return today.model_copy(update={"metric": str(told.get("metric", "")), "alpha": max(today.alpha, Gate().alpha)})


def _values(book: Book, version: Any) -> str:
    with suppress(BookError, TableError):
        return book.tables.get(version).values_id
    return ""


def _looks(told: dict[str, Any]) -> list[Look]:
    """The looks that were taken; of an older test that has not logged them, all in one."""
    with suppress(ValidationError, TypeError, KeyError):
        if told.get("history"):
            return [Look(**look) for look in told["history"]]
        names = ("seeds", "alpha", "gain", "lower", "upper", "verdict")
        return [Look(**{name: told[name] for name in names})]
    return []


__all__ = ["Tested", "counted", "logged_facts", "logged_tests", "taken"]
