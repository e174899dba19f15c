"""Check: all that plan() checks, and what a run would cost. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.registry import task_of
from tunebook.tables.in_force import settings_of
from tunebook.tables.rules import misfits
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.doctor import this_machine
from tunebook.verbs.steps.learnt import remaining
from tunebook.verbs.steps.plan import plan

if TYPE_CHECKING:
    from tunebook.verbs.steps.learnt import Learnt


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        plan: the filled plan; None where it cannot be made.
        problems: what stops a run, each as `TunebookError.to_json` has it.
        warnings: what is worth knowing of the data, and rows that do not fit each other, each {"code", "message",
            "fields"}.
        learnt: what of conversations is learnt; None of other rows.
    """

    plan: Plan | None
    problems: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    learnt: Learnt | None = None

    @property
    def ok(self) -> bool:
        """Whether a run can start."""
        return not self.problems


def check(book: Book, table: ParamTable | None = None, *, allow: Allow = frozenset()) -> Check:
    """Try to plan a run of this table (the champion if none is given) on the book's data."""
    try:
        made = plan(table or book.champion, book.data, allow=allow)
    except TunebookError as error:
        problem = error.to_json()
        return Check(None, [problem, *problem.pop("others", [])])
    problems = []
    room = this_machine()
    limit = room["gpu_memory_bytes"] or room["memory_bytes"]
    if made.estimate.memory_bytes > limit:
        from tunebook.engine.failures import no_memory

        problems.append(no_memory(made.params).to_json())
    left_out = made.estimate.left_out_share
    warnings = [*warnings_of(book, table, allow=allow), *misfitting(table or book.champion, book, left_out)]
    try:
        learnt = _learnt(book, made, allow=allow)
    except TunebookError as error:
        return Check(made, [*problems, error.to_json()], warnings)
    if learnt is not None:
        wrong = learnt.problem()
        problems += [] if wrong is None else [wrong.to_json()]
        warnings += learnt.warnings()
    return Check(made, problems, warnings, learnt)


def _learnt(book: Book, made: Plan, *, allow: Allow) -> Learnt | None:
    """What of a book's conversations the plan learns."""
    from tunebook.verbs.steps.learnt import learnt_of, told_of

    if not told_of(made.task, book.data.labels.problem):
        return None
    from tunebook.core.locations import from_book
    from tunebook.models.source import find_model

    return learnt_of(made, book.data, find_model(from_book(made.model, book.path), allow_pickle="pickle" in allow))


def warnings_of(book: Book, table: ParamTable | None = None, *, allow: Allow = frozenset()) -> list[dict[str, Any]]:
    """What is worth knowing of a book's rows, and of how the table's base model (the champion's if none is given) reads
    them; of a model that is not to be had, nothing."""
    from tunebook.core.locations import from_book
    from tunebook.data.describe import warning_text
    from tunebook.data.tokens import check_tokens
    from tunebook.models.source import find_model
    from tunebook.verbs.steps.model_facts import read_tokens

    name = str((table or book.champion).rows["base_model"].value)
    try:
        folder = find_model(from_book(name, book.path), allow_pickle="pickle" in allow)
        tokens = read_tokens(book.data, folder, allow_unknown=True)
        read = check_tokens(tokens, allow_unknown=True, instead=task_of(book.data.task).polyglot)
    except TunebookError:
        read = []
    kept = book.data.stats.get("warnings", [])
    return [*({**item, "message": warning_text(item)} for item in kept), *read]  # in the language of today


def misfitting(table: ParamTable, book: Book, left_out: float = 0.0) -> list[dict[str, Any]]:
    """Warnings of the rows that do not fit each other, such as a patience that can never stop a training.

    Args:
        left_out: share of the training rows that teach nothing.
    """
    values, rows = table.values(), remaining(book.data, {"left_out_share": left_out}).rows["train"]
    return [
        {
            "code": f"rules.{change.row}",
            "message": say(
                "rules.warning", row=change.row, before=values[change.row], reason=change.reason, value=change.value
            ),
            "fields": {"row": change.row, "value": change.value},
        }
        for change in misfits(settings_of(table), rows)
    ]


__all__ = ["Check", "check", "misfitting", "warnings_of"]
