"""Frozen layers read the texts of a book once, for both arms, all seeds and a search, in several processes too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import ab_book
from tunebook.core.nouns import ParamTable
from tunebook.engine.frozen import FOLDER, KEY
from tunebook.tables.make import child
from tunebook.verbs.ab import ab
from tunebook.verbs.engines import beside
from tunebook.verbs.engines.beside import Beside
from tunebook.verbs.engines.seam import Local, trained_on
from tunebook.verbs.search import SearchOptions, search
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run


def borrowed(runs: list[Run]) -> list[bool]:
    """Of each run whose frozen layers read nothing twice, whether it found made what they make of the texts."""
    assert runs and all(run.outcome["counters"][KEY]["once"] == 1 for run in runs)
    return sorted(run.outcome["borrowed_seconds"] > 0 for run in runs)


def frozen(book: Book) -> tuple[ParamTable, ParamTable]:
    """Two versions that differ in the rate."""
    held = book.tables.add(child(book.tables.get(2), {"freeze.layers": "2", "max_epochs": 2}))
    return held, book.tables.add(child(held, {"learning_rate": 1e-2}))


def test_once_for_all(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "shares", lambda plans: (2, 1))
    book = ab_book.set_gate(ab_book.make_book(tmp_path, base), seeds=3, looks=[])
    old, new = frozen(book)
    with Beside() as engine, trained_on(engine):
        ab(book, old.version, new.version)
    assert borrowed(book.runs) == [False] + [True] * 5, "one of the processes made it, the other waited"
    fresh = [Local().train(plan(table, book.data, seed=90), book.path / "runs", None) for table in (old, new)]
    assert all(borrowed(fresh)), "a promotion trains with seeds of its own"
    found = search(book, new, SearchOptions(rows=["learning_rate", "batch_size"], runs=3, seeds=1))
    assert all(borrowed([Run(path) for path in sorted((found.path / "runs").iterdir())]))
    assert len(list((book.data.path.parent / "cache" / FOLDER).glob("*.states"))) == 1
