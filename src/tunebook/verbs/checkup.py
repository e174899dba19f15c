"""Checkup: a whole book looked at, file by file: what is missing, damaged or changed, and what to do about each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tunebook.core.errors import BookError, ModelError, RunError, TunebookError
from tunebook.core.folders import read_object
from tunebook.core.locations import BOOK_FILE, PLAN
from tunebook.core.messages import has_words, say
from tunebook.core.nouns import Record, read_json
from tunebook.core.verdict import Verdict
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.runs import TABLE, Run, runs_in


class Finding(Record):
    """Something that is wrong with a book.

    Attributes:
        code: of the message catalogue; path: the file or folder.
    """

    code: str
    path: str
    message: str
    advice: str


def checkup(path: Path | str) -> list[Finding]:
    """All that is wrong with a book; nothing for one that is sound. Every hash is worked out anew; nothing is written.

    Raises:
        BookError: `book.missing`: the folder has nothing of a book.
    """
    book = Book(Path(path))
    if not any((book.path / name).exists() for name in (BOOK_FILE, "data", "tables")):
        open_book(book.path)
    looks = (_settings, _rows, _log, _tables, _runs, _tests, _searches)
    return [finding for look in looks for finding in look(book)]


def _finding(error: TunebookError, place: Path | None = None, **fields: str) -> Finding:
    """An error as a finding; of a file that cannot be read, with what to do about this very file."""
    path = Path(error.key) if place is None or os.sep in error.key else place
    own = f"doctor.do.{path.name}"
    advice = say(own, **fields) if has_words(own) and error.code != "file.newer" else error.advice
    return Finding(code=error.code, path=str(path), message=error.message, advice=advice)


def _settings(book: Book) -> Iterator[Finding]:
    try:
        _ = book.file
    except BookError as error:
        yield _finding(error, book.path / BOOK_FILE, book=str(book.path))


def _rows(book: Book) -> Iterator[Finding]:
    from tunebook.data.load import load_table

    try:
        load_table(book.data)
    except TunebookError as error:
        yield _finding(error, book=str(book.path))


def _log(book: Book) -> Iterator[Finding]:
    log = book.log
    try:
        for fault in log.verify().faults:
            told = say(f"log.fault.{fault.kind}", number=fault.number)
            yield Finding(code=f"log.{fault.kind}", path=str(log.path), message=told, advice=say("doctor.do.log"))
    except TunebookError as error:
        yield _finding(error, log.path)


def _tables(book: Book) -> Iterator[Finding]:
    store = book.tables
    try:
        known = store.made()
    except TunebookError:  # told of the log
        known = set(store.versions())
    for number in sorted(known):
        try:
            store.get(number)
        except TunebookError as error:
            yield _finding(error, store.path(number))


def _runs(book: Book) -> Iterator[Finding]:
    folders = [book.path / "runs", book.path / "stages", *sorted((book.path / "searches").glob("*/runs"))]
    for folder in folders:
        searched = folder.parent != book.path  # of a search only the best trial keeps its model
        for run in runs_in(folder):
            for error in _run(run, searched=searched):
                yield _finding(error, run.path, run=run.id, book=str(book.path))


def _run(run: Run, *, searched: bool) -> Iterator[TunebookError]:
    """What is wrong with the files of a run, each told on its own."""
    for look in (_plan, _table, _outcome, _report, _looks):
        try:
            yield from look(run)
        except TunebookError as error:
            yield error
    if run.finished and (run.has_model or not searched):
        yield from _model(run)
    if not run.finished:
        yield from _checkpoints(run)


def _plan(run: Run) -> Iterator[TunebookError]:
    from tunebook.data.frozen import prepared_data
    from tunebook.engine.continual import CONTINUE, check_start

    plan = run.plan
    if plan.id not in run.id and run.id[:8].isdigit():
        yield RunError("doctor.plan_changed", key=str(run.path / PLAN), value=plan.id)
    prepared_data(plan)
    if CONTINUE in plan.inputs:
        check_start(plan)


def _table(run: Run) -> Iterator[TunebookError]:
    """The table that a run keeps so that it can be done again, where the book has no such version."""
    try:
        place, values = run.path / TABLE, run.plan.values
    except TunebookError:  # told of the plan
        return
    if values and read_object(place) != values:
        yield BookError("file.damaged", key=str(place), reason=f"{PLAN}: values")


def _outcome(run: Run) -> Iterator[TunebookError]:
    if run.finished or (run.path / "report.json").is_file():  # what was scored had ended
        read_object(run.path / "outcome.json")
        _ = run.outcome
    yield from ()


def _report(run: Run) -> Iterator[TunebookError]:
    _ = run.report
    for place in sorted(run.path.glob("*/report.json")):
        read_object(place, "metrics")
    yield from ()


def _looks(run: Run) -> Iterator[TunebookError]:
    """What its looks at the validation rows answered, by which tests of the run are judged."""
    from tunebook.core.kept_looks import KeptLooks

    if file := KeptLooks.fault(run.path):
        yield RunError("doctor.looks", key=str(file), run=run.id)


def _model(run: Run) -> Iterator[TunebookError]:
    from tunebook.models.files import unreadable
    from tunebook.models.source import model_id

    if not run.has_model:
        yield RunError("run.no_model", key=run.id)
    elif file := unreadable(run.path / "model"):
        yield ModelError("model.damaged", key=str(run.path / "model" / file), run=run.id)
    else:
        known = _known_model(run)
        if known and known != model_id(run.path / "model"):
            yield ModelError("doctor.model_changed", key=str(run.path / "model"), run=run.id)


def _known_model(run: Run) -> str:
    """Hash of the model as it was when the run had finished; empty where it was not written down."""
    try:
        return str(run.outcome.get("model_id", ""))
    except BookError:  # told by itself
        return ""


def _checkpoints(run: Run) -> Iterator[TunebookError]:
    from tunebook.engine.checkpoints import fault
    from tunebook.engine.outcome import complete_checkpoints

    for checkpoint in complete_checkpoints(run.path):
        if file := fault(checkpoint):
            yield RunError("doctor.checkpoint", key=str(checkpoint / file), run=run.id)


def _tests(book: Book) -> Iterator[Finding]:
    for path in sorted((book.path / "tests").glob("*/verdict.json")):
        try:
            read_json(Verdict, path)
        except BookError as error:
            yield _finding(error, path)


def _searches(book: Book) -> Iterator[Finding]:
    for path in sorted((book.path / "searches").glob("*/search.json")):
        try:
            read_object(path, "plan", "space")
        except BookError as error:
            yield _finding(error, path)


__all__ = ["Finding", "checkup"]
