"""How far the rows of a book are used up: tests on its validation rows, and openings of its test rows."""

from __future__ import annotations

from typing import Any

from tunebook.knowledge.log import Entry
from tunebook.stats.sequential import family_error
from tunebook.verbs.abtest.tested import logged_tests
from tunebook.verbs.steps.book import Book

Pair = tuple[str, str, str]
LEAST_ROWS = 20  # of fewer, two tables that answer always the same pass by luck in up to 25 % of the trials, not in 5 %


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
    "opened",
    "opened_by",
    "openings",
    "pair_of",
    "pending",
    "rows_use",
    "trial_seeds",
    "trials_of",
]
