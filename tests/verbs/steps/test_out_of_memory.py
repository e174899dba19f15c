"""When memory runs out the run is marked, and lighter versions are made until one fits."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.core.errors import MachineError, RunError
from tunebook.core.nouns import Plan
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.out_of_memory import MOST, Retry, lighter_rows, lighter_version, mark, ran_out, until_it_fits
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import new_run


def short(made: Plan) -> MachineError:
    from tunebook.engine.failures import no_memory

    return no_memory(made.params)


def begun(book: Book, made: Plan) -> Any:
    from tunebook.core.nouns import write_json

    run = new_run(book.path / "runs", made)
    write_json(made, run.path / "plan.json")
    return run


def attempts(book: Book, most: int, seen: list[int]) -> Any:
    """A training that fits with at most so many rows at once."""

    def attempt(made: Plan) -> str:
        begun(book, made)
        seen.append(made.params.batch_size)
        if seen[-1] > most:
            raise short(made) from RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 bytes")
        return "trained"

    return attempt


def fill(book: Book) -> Any:
    return lambda table: plan(table, book.data)


def test_until_it_fits(book: Book) -> None:
    seen: list[int] = []
    told: list[Retry] = []
    start = book.champion
    assert until_it_fits(book, start, fill(book), attempts(book, 4, seen), told.append) == "trained"
    assert seen == [16, 8, 4]
    assert [retry.table.version for retry in told] == [2, 3]
    last = book.tables.get(3)
    assert (last.values()["batch_size"], last.values()["gradient_accumulation_steps"], last.parent) == (4, 4, 2)
    assert told[0].run in book.tables.get(2).note and "16 rows a step" in last.rows["batch_size"].reason
    assert book.tables.champion == 1
    assert [entry.table for entry in book.log.entries() if entry.action == "table"] == [1, 2, 3]
    failed = [run for run in book.runs if run.failure]
    assert [run.failure["batch_size"] for run in failed] == [16, 8]
    assert failed[0].failure["code"] == "machine.memory" and "allocate" in failed[0].failure["reason"]


def test_nobody_asked_for_more_than_one_try(book: Book) -> None:
    seen: list[int] = []
    with pytest.raises(MachineError, match=r"machine\.memory"):
        until_it_fits(book, book.champion, fill(book), attempts(book, 4, seen))
    assert seen == [16] and book.tables.versions() == [1]
    assert book.runs[0].failure


def test_at_most_a_few_times(book: Book) -> None:
    seen: list[int] = []
    start = book.tables.add(child(book.champion, {"batch_size": 256}))
    with pytest.raises(MachineError, match=r"machine\.memory"):
        until_it_fits(book, start, fill(book), attempts(book, 0, seen), lambda retry: None)
    assert len(seen) == MOST + 1 and seen[-1] == 256 >> MOST


def test_the_end_of_the_ladder(book: Book) -> None:
    least = {"batch_size": 1, "gradient_checkpointing": True, "max_length": 8}
    start = book.tables.add(child(book.champion, least))
    with pytest.raises(MachineError, match=r"machine\.memory_least"):
        until_it_fits(book, start, fill(book), attempts(book, 0, []), lambda retry: None)
    with pytest.raises(MachineError, match=r"machine\.memory_least"):
        lighter_rows(plan(start, book.data))


def test_other_errors_go_on_their_way(book: Book) -> None:
    def attempt(made: Plan) -> None:
        raise error

    for error in (MachineError("machine.disk", key="x"), RunError("run.unfinished", key="x")):
        with pytest.raises(type(error)) as caught:
            until_it_fits(book, book.champion, fill(book), attempt, lambda retry: None)
        assert caught.value is error and not ran_out(error)
    assert book.tables.versions() == [1]


def test_changes_for_once_become_part_of_the_version(book: Book) -> None:
    once = child(book.champion, {"learning_rate": 3e-4})
    made = lighter_version(book, once, plan(once, book.data), None)
    assert (made.version, made.parent) == (2, 1)
    assert (made.values()["learning_rate"], made.values()["batch_size"]) == (3e-4, 8)
    assert "–" in made.note


def test_a_mark_is_for_unfinished_runs_only(book: Book) -> None:
    made = plan(book.champion, book.data)
    assert mark(book, made, short(made)) is None
    run = begun(book, made)
    assert run.failure == {}
    assert mark(book, made, short(made)) == run
    assert run.failure["batch_size"] == 16
    (run.path / "outcome.json").write_text("{}")
    assert run.failure == {} and mark(book, made, short(made)) is None
