"""Out of memory: the run is kept and marked, and a lighter version of its table can be made and trained instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from tunebook.core.errors import MachineError, TunebookError
from tunebook.core.localized import localized
from tunebook.core.nouns import ParamTable, Plan
from tunebook.tables.make import child
from tunebook.tables.rules import RowChange, lighter
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run, find_run

MOST = 6  # versions made by themselves: from 32 rows at once down to one, and activations computed twice
_CODES = frozenset({"machine.memory", "machine.memory_least"})
T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """What is tried next.

    Attributes:
        run: id of the run that did not fit, `–` where it had not begun.
        table: the version that was made.
        changes: in which it differs.
    """

    run: str
    table: ParamTable
    changes: tuple[RowChange, ...]


def until_it_fits(
    book: Book,
    table: ParamTable,
    fill: Callable[[ParamTable], Plan],
    attempt: Callable[[Plan], T],
    tell: Callable[[Retry], None] | None = None,
) -> T:
    """Train a table; whenever memory runs out, mark the run, add a lighter version of the table and train that.

    Args:
        fill: makes the plan of a table; attempt: trains it.
        tell: called before each further attempt; None gives up after the first.

    Raises:
        MachineError: memory ran out and nothing more was to be tried, or is left to save. What `attempt` raises.
    """
    from tunebook.engine.machine import release_memory

    tries = 0
    while True:
        plan = fill(table)
        try:
            return attempt(plan)
        except MachineError as error:
            if not ran_out(error):
                raise
            run = mark(book, plan, error)
            if tell is None or tries == MOST or not lighter(plan.params):
                raise
        tries += 1  # outside of the clause the traceback is gone, and with it the model that did not fit
        release_memory()
        table = lighter_version(book, table, plan, run)
        tell(Retry(run.id if run else "–", table, lighter_rows(plan)))


def ran_out(error: TunebookError) -> bool:
    """Whether an error says that memory ran out."""
    return error.code in _CODES


def mark(book: Book, plan: Plan, error: MachineError) -> Run | None:
    """Write into the run of a plan why it failed; None where it had not begun."""
    run = find_run(book.path / "runs", plan)
    if run is None or run.finished:
        return None
    facts = {
        "code": error.code,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "batch_size": plan.params.batch_size,
        "reason": str(error.__cause__ or "")[:500],
    }
    run.fail(facts)
    return run


def lighter_rows(plan: Plan) -> tuple[RowChange, ...]:
    """The rows that a plan which did not fit should have instead.

    Raises:
        MachineError: `machine.memory_least`, nothing is left to save.
    """
    changes = lighter(plan.params)
    if not changes:
        raise MachineError("machine.memory_least", key="batch_size", value=plan.params.batch_size)
    return changes


def lighter_version(book: Book, table: ParamTable, plan: Plan, run: Run | None) -> ParamTable:
    """Add the child of a table that needs less memory; the log says after which run.

    Args:
        table: a version, or a version with changes for once, whose parent the child then has.

    Raises:
        MachineError: `machine.memory_least`. BookError: as `TableStore.add`.
    """
    changes = lighter_rows(plan)
    made = child(
        table,
        {change.row: change.value for change in changes},
        localized("memory.note", run=run.id if run else "–"),
        table.owner,
        reasons={change.row: change.reason for change in changes},
    )
    return book.tables.add(made.model_copy(update={"parent": table.version or table.parent}))


__all__ = ["MOST", "Retry", "lighter_rows", "lighter_version", "mark", "ran_out", "until_it_fits"]
