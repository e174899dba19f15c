"""Two processes that make the same thing at once: one wins, the other is told, and nothing half-made stays."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tunebook.core.errors import TunebookError
from tunebook.verbs.init import init
from tunebook.verbs.soup import soup
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.merge import merge
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train


def at_once(work: Callable[[], Any]) -> list[Any]:
    """What two processes give that begin at the same time: an answer, or the code of an error."""
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(2), context.SimpleQueue()

    def one() -> None:
        start.wait()
        try:
            told.put(work())
        except TunebookError as error:
            told.put(error.code)
        except BaseException as error:
            told.put(repr(error))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks beside threads: these only compute, and end
        both = [context.Process(target=one) for _ in range(2)]
        for process in both:
            process.start()
    answers = [told.get() for _ in both]
    for process in both:
        process.join()
    return sorted(answers, key=str)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("there", [True, False])
def test_two_inits(there: bool, base: Path, tmp_path: Path) -> None:
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    if there:
        (tmp_path / "book").mkdir()

    def work() -> str:
        return init(tmp_path / "book", file, model=str(base), options=small.options("binary")).file.task

    told, made = at_once(work)
    assert told in ("book.busy", "book.exists") and made == "text_classification"
    assert left(tmp_path) == {"book", "rows.csv"}
    assert open_book(tmp_path / "book").champion.version == 1
    assert not [name for name in left(tmp_path / "book") if name.startswith(".")]


@pytest.fixture
def pair(book: Book) -> list[Run]:
    """Two runs of one table."""
    steps = book.champion.rows["max_steps"].model_copy(update={"value": 4})
    table = book.champion.model_copy(update={"rows": {**book.champion.rows, "max_steps": steps}})
    return [train(plan(table, book.data, seed=seed), track=()) for seed in (1, 2)]


def test_two_merges_and_two_soups(pair: list[Run], tmp_path: Path) -> None:
    told, made = sorted(
        at_once(lambda: merge(pair[0], tmp_path / "plain").rows), key=lambda item: isinstance(item, int)
    )
    assert told in ("merge.busy", "merge.folder") and made == 16
    assert left(tmp_path) == {"plain", "book", "rows.csv"}
    found = at_once(lambda: (soup(pair, method="uniform").fresh, soup(pair, method="uniform").run.id))  # type: ignore[union-attr]
    assert {fresh for fresh, _ in found} == {True, False}, "one makes it, the other takes it"
    runs = open_book(tmp_path / "book").runs
    assert len(runs) == 3 and {name for _, name in found} == {runs[-1].id}
