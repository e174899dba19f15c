"""When memory runs out in `tunebook train`: propose the lighter version, or with --auto make it and go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tunebook.cli.answer import Answer, command, note
from tunebook.core.errors import MachineError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.cli.options import Chosen
    from tunebook.core.nouns import ParamTable, Plan
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.out_of_memory import Retry


@dataclass(frozen=True)
class Wanted:
    """What is to be trained: a table of a book, as the command line named it; `auto` makes lighter versions of it.

    Attributes:
        words: all that the command line said, but for `--auto`.
    """

    book: Book
    table: ParamTable
    chosen: Chosen
    words: list[str]
    auto: bool


def in_memory(wanted: Wanted, fill: Callable[[ParamTable], Plan], attempt: Callable[[Plan], Answer]) -> Answer:
    """The answer of a training that fits into memory, with the versions that were made for it under `lighter`.

    Raises:
        MachineError: `memory.lighter` with the commands to go on, or `machine.memory_least`.
    """
    from tunebook.verbs.steps.out_of_memory import ran_out, until_it_fits

    made: list[str] = []

    def tell(retry: Retry) -> None:
        made.append(f"v{retry.table.version}")
        changes = ", ".join(f"{item.row} = {str(item.value).lower()}" for item in retry.changes)
        note(say("memory.next", run=retry.run, version=made[-1], changes=changes), style="yellow")

    try:
        answer = until_it_fits(wanted.book, wanted.table, fill, attempt, tell if wanted.auto else None)
    except MachineError as error:
        if wanted.auto or not ran_out(error):
            raise
        raise _proposal(wanted, fill(wanted.table)) from error
    return replace(answer, data={**answer.data, "lighter": made}) if isinstance(answer.data, Mapping) else answer


def _proposal(wanted: Wanted, plan: Plan) -> MachineError:
    """The error of a run that does not fit, with the commands that make a version which may."""
    from tunebook.verbs.steps.out_of_memory import lighter_rows
    from tunebook.verbs.steps.runs import find_run

    run = find_run(wanted.book.path / "runs", plan)
    name, chosen, changes = run.id if run else "–", wanted.chosen, lighter_rows(plan)
    rows = [*(chosen.changes or ()), *(f"{item.row}={str(item.value).lower()}" for item in changes)]
    return MachineError(
        "memory.lighter",
        key="batch_size",
        value=plan.params.batch_size,
        run=name,
        changes="; ".join(dict.fromkeys(item.reason for item in changes)),
        auto=command("train", wanted.book.path, *wanted.words, "--auto"),
        command=command(
            "table", "set", wanted.book.path, *rows, "--table", chosen.table, "--note", say("memory.note", run=name)
        ),
    )


__all__ = ["Wanted", "in_memory"]
