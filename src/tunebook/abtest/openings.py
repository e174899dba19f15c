"""How far the rows of a book are used up: tests on its validation rows, and openings of its test rows."""

from __future__ import annotations

from typing import Any

from tunebook.abtest.tested import logged_tests
from tunebook.knowledge.log import Entry
from tunebook.stats.family import family_error
from tunebook.verbs.book import Book


def openings(book: Book) -> int:
    """How often promotions and tests have asked the test rows."""
    entries = [item.evidence for item in book.log.entries()]
    return sum("test_scores" in item or item.get("split") == "test" for item in entries)


def opened(book: Book) -> dict[str, int]:
    """How often the rows of the test split were looked at: by logged tests and promotions, and by reports of runs."""
    return {"logged": openings(book), "runs": len(list((book.path / "runs").glob("*/report.json")))}


def trials_of(book: Book, *, every: bool = False) -> list[Entry]:
    """Entries of promotions that the test rows have refused; with `every`, also of those that they confirmed."""
    entries = book.log.entries("open", "promote") if every else book.log.entries("open")
    return [entry for entry in entries if "fresh" in (entry.evidence.get("test_scores") or {})]


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


__all__ = ["opened", "openings", "rows_use", "trials_of"]
