"""Verdicts of a book's tests: which of them speaks about a table, its champion and its rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from tunebook.core.errors import BookError, RefusedError
from tunebook.core.nouns import ParamTable, read_json
from tunebook.core.verdict import RowEffect, Verdict
from tunebook.verbs.steps.book import Book

_CHECKED = (
    "verdict", "passed", "a", "b", "metric", "gain", "lower", "upper", "delta", "delta_kind", "alpha", "seeds", "n",
    "looks", "history", "runs", "continues",
)  # fmt: skip


def fitting_verdicts(book: Book, table: ParamTable) -> list[Verdict]:
    """Tests of a table against the champion on the book's rows, newest first; else the newest test of it at all."""
    found = [verdict for verdict in newest_verdicts(book) if verdict.b_values == table.values_id]
    return [verdict for verdict in found if mismatch(book, table, verdict) is None] or found[:1]


def newest_verdicts(book: Book) -> Iterator[Verdict]:
    """The verdicts of a book that can be read, the one that was logged last first, and those without an entry last."""
    logged = {str(item.evidence.get("test")): item.number for item in book.log.entries("test")}
    files = (book.path / "tests").glob("*/verdict.json")
    for path in sorted(files, key=lambda path: (logged.get(path.parent.name, 0), path.parent.name), reverse=True):
        if (verdict := read_verdict(path)) is not None:
            yield verdict


def read_verdict(path: Path) -> Verdict | None:
    """The verdict in a file; None where there is none that can be read: it then proves nothing."""
    try:
        verdict: Verdict = read_json(Verdict, path)
    except BookError:
        return None
    return verdict.model_copy(update={"path": path.parent})  # the book may stand elsewhere by now


def mismatch(book: Book, table: ParamTable, verdict: Verdict) -> RefusedError | None:
    """Why a verdict says nothing about this table, this champion and these rows."""
    champion = book.tables.champion
    name, other = f"v{table.version}", "–" if champion is None else f"v{champion}"
    if champion is None or (verdict.a_values, verdict.b_values) != (book.champion.values_id, table.values_id):
        return RefusedError(
            "promote.other_tables", key=name, a=f"v{verdict.a}", b=f"v{verdict.b}", champion=other, book=book.path
        )
    if verdict.content != book.data.content:
        return RefusedError("promote.other_rows", key=name, champion=other, book=book.path)
    return None


def is_logged(book: Book, verdict: Verdict) -> bool:
    """Whether the log has this test, with these figures, of these tables: a file can be written by anybody."""
    entries = [item for item in book.log.entries("test") if item.evidence.get("test") == verdict.test]
    if not entries:
        return False
    logged, stated = entries[-1].evidence, {**verdict.model_dump(mode="json"), "passed": verdict.passed}
    stated["runs"] = verdict.extra.get("runs", {})
    versions = set(book.tables.versions())
    values = [
        book.tables.get(number).values_id == found
        for number, found in ((verdict.a, verdict.a_values), (verdict.b, verdict.b_values))
        if number in versions
    ]
    return all(values) and all(logged[name] == stated[name] for name in _CHECKED if name in logged)


def tested_effects(book: Book, version: int) -> Verdict | None:
    """The newest test of this version against another that tells what rows were worth; None where there is none."""
    known = (verdict for verdict in newest_verdicts(book) if verdict.b == version)
    return next((item for item in known if any(math.isfinite(effect.effect) for effect in item.effects)), None)


def effects_for(book: Book, version: int) -> dict[str, RowEffect]:
    """Row -> what it was worth when this version was tested against another: the newest test that measured it.

    Shapley values go before taking rows back, and that before putting them in. Effects that could not be told are
    left out.
    """
    order = ("one_in", "one_back", "shapley")
    verdict = tested_effects(book, version)
    told = [effect for effect in verdict.effects if math.isfinite(effect.effect)] if verdict else []
    return {effect.row: effect for effect in sorted(told, key=lambda item: order.index(item.method))}


__all__ = [
    "effects_for",
    "fitting_verdicts",
    "is_logged",
    "mismatch",
    "newest_verdicts",
    "read_verdict",
    "tested_effects",
]
