"""Which run of a book a name means, and which answers where none is named (docs/why/0020-which-run-answers.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError, TunebookError
from tunebook.core.locations import AUTO, BOOK_FILE, CHAMPION, LATEST, data_name
from tunebook.verbs.steps.runs import Run, runs_in, runs_named

if TYPE_CHECKING:
    from tunebook.core.nouns import ParamTable

Table = Callable[[], "ParamTable"]


def which_run(book: Path, champion: Table, name: str = AUTO) -> Run:
    """The run that a name means.

    Args:
        book: its folder.
        champion: gives the table in force; it is only read where it decides.
        name: the id of a run or the start of one; `latest`: the newest that has finished; `champion`: the newest of
            these with the values of the champion on the rows in force, one that no test began before those that are
            arms; `auto`: the latest, but where that is an arm of a test the champion's, else the newest that is no arm.

    Raises:
        BookError: `book.no_runs`; `book.champion_run`, the champion has none; `book.run`, no run, or several, whose id
            begins so. Of `champion` also what `champion` raises.
    """
    if name == AUTO:
        return _answering(book, champion)
    if name == LATEST:
        return _finished(book)[-1]
    if name == CHAMPION:
        return _champions(book, champion)
    found = runs_named(book / "runs", name)
    if len(found) == 1:
        return found[0]
    runs = runs_in(book / "runs")
    asked: dict[str, Any] = {"key": "run", "value": name, "book": book}
    if not runs:
        raise BookError("book.no_runs", **asked)
    raise BookError("book.run", allowed=" | ".join([AUTO, LATEST, CHAMPION, *(run.id for run in runs)]), **asked)


def alone(book: Path, runs: list[Run]) -> list[Run]:
    """Those of these runs that no test began: whoever trained one, or averaged some, wanted that very model."""
    begun = {path.name for path in (book / "tests").glob("*/begun/*")}  # all that tests of older versions kept
    return [run for run in runs if not run.is_arm and run.plan_id not in begun]


def _answering(book: Path, champion: Table) -> Run:
    """The run that answers where none is named."""
    finished = _finished(book)
    own = alone(book, finished)
    if own[-1:] == finished[-1:]:
        return finished[-1]
    with suppress(TunebookError):  # the champion was never trained, or the log is damaged, which hides no answers
        return _champions(book, champion)
    return (own or finished)[-1]


def _finished(book: Path) -> list[Run]:
    """All finished runs, oldest first.

    Raises:
        BookError: `book.no_runs`.
    """
    found = [run for run in runs_in(book / "runs") if run.finished]
    if not found:
        raise BookError("book.no_runs", key="run", value=LATEST, book=book)
    return found


def _champions(book: Path, champion: Table) -> Run:
    """The newest finished run of the champion; an arm of a test only where there is no other."""
    table = champion()
    found = [run for run in runs_in(book / "runs") if run.finished and _table(run) == table.values_id]
    if not found:
        raise BookError("book.champion_run", key="run", value=f"v{table.version}", book=book)
    found = _of_rows_in_force(book, found)
    return (alone(book, found) or found)[-1]


def _of_rows_in_force(book: Path, runs: list[Run]) -> list[Run]:
    """Those of these runs that were trained on the rows in force, where any were: a retraining has trained the same
    table on other rows, and nobody has said yet that its runs are to answer."""
    if not any(book.glob("data-v*")):
        return runs
    with suppress(OSError, ValueError, TypeError):  # a damaged book.toml hides no runs
        said = tomllib.loads((book / BOOK_FILE).read_text(encoding="utf-8")).get("data", 1)
        name = data_name(int(said))
        return [run for run in runs if run.plan.data_path.name == name] or runs
    return runs


def _table(run: Run) -> str | None:
    """Hash of the values that a run was trained with; None of a damaged one, which is passed over."""
    with suppress(TunebookError):
        return run.plan.table
    return None


__all__ = ["alone", "which_run"]
