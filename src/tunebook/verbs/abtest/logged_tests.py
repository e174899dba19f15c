"""The tests of a book as its log tells them, and how far its validation and test rows are used up by them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from tunebook.core.errors import BookError, TableError
from tunebook.core.nouns import read_json
from tunebook.core.verdict import Gate, Look, Verdict
from tunebook.knowledge.log import Entry
from tunebook.stats.sequential import family_error
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.binding import judged_by
from tunebook.verbs.abtest.spending import Taken
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

_FIGURES = ("verdict", "metric", "gain", "lower", "upper", "seeds")
Pair = tuple[str, str, str]
LEAST_ROWS = 20  # of fewer, two tables that answer always the same pass by luck in up to 25 % of the trials, not in 5 %


class LoggedTest:
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


def logged_tests(book: Book) -> list[LoggedTest]:
    """All tests that were logged, in the order in which they first were."""
    found: dict[str, Entry] = {}
    for entry in book.log.entries("test"):
        if name := str(entry.evidence.get("test", "")):
            found[name] = entry
    return [LoggedTest(book, entry) for entry in found.values()]


def counted(book: Book, plan: ABPlan, gate: Gate) -> list[LoggedTest]:
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


def taken(tests: Iterable[LoggedTest], plan: ABPlan, alpha: float) -> list[Taken]:
    """The looks of tests, as a plan has to count them. One at a greater error than alpha, which an earlier gate
    allowed, has spent all of it."""
    own = (plan.metric, plan.continues.name if plan.continues else "")
    return [
        Taken(item.test, look.seeds, min(look.alpha, alpha), "" if draw == own else " ".join(draw))
        for item in tests
        for draw in [(str(item.entry.evidence.get("metric", "")), item.start)]
        for look in item.looks
    ]


def logged_facts(book: Book, verdict: Verdict, plan: ABPlan) -> dict[str, Any]:
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


def _plan(book: Book, told: dict[str, Any]) -> ABPlan | None:
    """The frozen plan: logged, or of a test of before it was, in the test's folder."""
    test = str(told.get("test", ""))
    with suppress(BookError, ValidationError):
        path = book.path / "tests" / test / "plan.json"
        plan = ABPlan(**told["plan"]) if "plan" in told else read_json(ABPlan, path)
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


def openings(book: Book) -> int:
    """How often promotions and tests have opened the test rows; what came of a logged opening is no further one."""
    return sum(_opens(entry) for entry in book.log.entries())


def _opens(entry: Entry) -> bool:
    told = entry.evidence
    if entry.action == "opening" or told.get("split") == "test":
        return True
    return "test_scores" in told and opened_by(entry) is None


def opened_by(entry: Entry) -> int | None:
    """Number of the entry that opened the test rows for these scores; None where they have none, or are older."""
    fresh = (entry.evidence.get("test_scores") or {}).get("fresh", {})
    number = fresh.get("opening")
    return None if number is None else int(number)


def pending(book: Book, pair: Pair | None = None) -> Entry | None:
    """The opening of a pair, or of any, that nothing has come of yet; the first if there are several."""
    entries = book.log.entries("opening", "open", "promote")
    closed = {opened_by(entry) for entry in entries}
    waiting = (item for item in entries if item.action == "opening" and item.number not in closed)
    return next((item for item in waiting if pair in (None, pair_of(item))), None)


def pair_of(entry: Entry) -> Pair:
    """Values of the champion and the challenger of a trial, and the rows."""
    found = entry.evidence["verdict"]
    return found["a_values"], found["b_values"], found["content"]


def opened(book: Book) -> dict[str, int]:
    """How often the rows of the test split were looked at: by logged tests and promotions, and by reports of runs."""
    return {"logged": openings(book), "runs": len(list((book.path / "runs").glob("*/report.json")))}


def trials_of(book: Book) -> list[Entry]:
    """Entries of promotions that the test rows have refused."""
    return [entry for entry in book.log.entries("open") if trial_seeds(entry)]


def trial_seeds(entry: Entry) -> list[int]:
    """Fresh seeds that an entry has opened the test rows with, or scored; empty for one of neither."""
    told = entry.evidence.get("opening") or (entry.evidence.get("test_scores") or {}).get("fresh") or {}
    return list(told.get("seeds", []))


def rows_use(book: Book, alpha: float) -> dict[str, Any]:
    """How many tables were tested on these rows, and what that makes of the error of a test at alpha.

    Returns:
        `tests_on_these_rows`: tables that were tested against any champion, `family_error`: the probability that at
        least one of so many tables that are no better passes: `validation` such a test, and `proven` one by the
        book's gate and then the test rows, which a promotion asks whatever alpha this test has.
    """
    tested = {item.b_values for item in logged_tests(book) if item.content == book.data.content}
    proven = family_error(len(tested), book.file.gate.alpha, proofs=2)
    errors = {"validation": family_error(len(tested), alpha), "proven": proven}
    return {"tests_on_these_rows": len(tested), "family_error": errors}


__all__ = [
    "LEAST_ROWS",
    "LoggedTest",
    "counted",
    "logged_facts",
    "logged_tests",
    "opened",
    "opened_by",
    "openings",
    "pair_of",
    "pending",
    "rows_use",
    "taken",
    "trial_seeds",
    "trials_of",
]
