"""Which table or run a command means: a version or a file, with changes for this once; a run of a book or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import note
from tunebook.core.changes import read_changes
from tunebook.core.errors import BookError, RunError, TunebookError
from tunebook.core.locations import AUTO, BOOK_FILE, CHAMPION, LATEST, PLAN
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.cli.options import Chosen
    from tunebook.core.nouns import ParamTable
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run


def chosen_table(book: Book, chosen: Chosen) -> ParamTable:
    """The table that was named, changed by `--set`.

    Raises:
        TableError: no such version, or a wrong file, row or value. TunebookError: `--set` without an equals sign.
    """
    from tunebook.verbs.steps.chosen import changed_table

    return changed_table(book, chosen.table, read_changes(chosen.changes or ()))


def named_table(book: Book, name: str) -> ParamTable:
    """A version of the book's table (`v2`, `champion`, `latest`), or the table in a file."""
    from tunebook.verbs.steps.chosen import named_table as named

    return named(book, name)


def chosen_run(book: Book, name: str = AUTO) -> Run:
    """The run that was named. Where none was, the one that answers, and where it is not the newest, or not of the
    champion, that is said.

    Args:
        name: as `which_run` has it: auto, latest, champion, or an id.

    Raises:
        BookError: no such run, or several whose id begins so.
    """
    found = book.run(name)
    if name == AUTO:
        with suppress(BookError):  # a damaged log hides no answers
            if told := _which(book, found):
                note(told, style="yellow")
    return found


def run_at(place: Path, name: str = AUTO) -> Run:
    """The run in a folder; of a book's folder the one that is named, as `chosen_run` has it.

    Raises:
        RunError: `merge.no_run`, there is neither. BookError: the book has no such run; `cli.chat_run`, the folder is
            that of another run.
    """
    from tunebook.verbs.steps.runs import Run, runs_in

    if (place / BOOK_FILE).is_file():
        from tunebook.verbs.steps.book import open_book

        return chosen_run(open_book(place), name)
    if name not in (AUTO, place.resolve().name):
        raise BookError("cli.chat_run", key="--run", value=name, run=str(place))
    found = [Run(place)] if (place / PLAN).is_file() else [run for run in runs_in(place / "runs") if run.finished]
    if not found:
        raise RunError("merge.no_run", key=str(place))
    return found[-1]


def _which(book: Book, run: Run) -> str:
    """What is not obvious of the run that answers; empty for the newest, of the champion."""
    version, champion = run.plan.table_version, book.tables.champion
    told: dict[str, Any] = {"run": run.id, "champion": champion, "book": book.path}
    if champion is not None and version != champion:
        told["table"] = f"v{version}" if version else say("cli.run.changed")
        trained = False
        with suppress(TunebookError):  # what is advised has to work
            trained = book.run(CHAMPION).finished
        return say("cli.run.other" if trained else "cli.run.untrained", **told)
    return "" if book.run(LATEST).id == run.id else say("cli.run.not_arms", **told)


def overruled(book: Book, chosen: Chosen) -> list[dict[str, Any]]:
    """Warnings of what `--set` changes although a technique's row takes its place."""
    from tunebook.verbs.steps.chosen import overruled as found

    changes = read_changes(chosen.changes or ())
    return found(chosen_table(book, chosen), changes) if changes else []


def described(book: Book, chosen: Chosen) -> str:
    """The table in words: `v2 (champion)`, `v2 + learning_rate=3e-5`."""
    from tunebook.verbs.steps.chosen import is_file

    name = chosen.table
    if not is_file(name):
        number = book.tables.number(name)
        name = f"v{number}"
        name = say("cli.champion_of", version=name) if number == book.tables.champion else name
    changes: Mapping[str, str] = read_changes(chosen.changes or ())
    return " + ".join([name, *(f"{row}={value}" for row, value in changes.items())])


__all__ = ["chosen_run", "chosen_table", "described", "named_table", "overruled", "read_changes", "run_at"]
