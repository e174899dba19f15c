"""Init: look at the data, freeze its rows, propose the first table: a new book."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tunebook.core.border import Allow
from tunebook.core.errors import BookError
from tunebook.core.folders import folder_of, is_free
from tunebook.core.nouns import DataRef, ParamTable
from tunebook.core.registry import task_of
from tunebook.data.options import DataOptions
from tunebook.knowledge.log import Change, user
from tunebook.models.source import find_model, load_reader
from tunebook.verbs.sources import SAMPLES, Sources, find_sources
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import BookFile, write_book_file
from tunebook.verbs.steps.model_facts import read_tokens


def init(
    book: Path | str,
    data: Any,
    *,
    model: str | Path = "builtin:minilm",
    options: DataOptions | None = None,
    owner: str = "",
    allow: Allow = frozenset(),
) -> Book:
    """Make a book: read and clean the files, freeze the split, propose table v1, write the data report.

    Args:
        book: folder to make; it must not exist, or be empty.
        data: one or several files of training rows; `sample:en`, `sample:zh` for the built-in customer messages; a
            DataFrame, a Dataset, an Arrow table, a list of dicts or of [text, label], which are kept in the book's
            folder `sources`; or {"train": ..., "validation": ..., "test": ...} of such, where a part that is not given
            is cut from the first.
        model: base model.
        options: columns, problem, split and cleaning, where they are not to be found out.
        allow: `unknown_tokens`, `pickle`: what would otherwise be refused.

    Raises:
        BookError: the folder is in use. DataError, ModelError, MachineError: with what to do. TunebookError:
            `call.type`, data of another type.
    """
    folder, used = Path(book), BookError("book.exists", key="book", value=str(book))
    if not is_free(folder):  # told before anything is read
        raise used
    sources = find_sources(data)
    from tunebook.report.data import write_data_report

    with ExitStack() as held:
        try:
            part = held.enter_context(folder_of(folder, used=used, busy=BookError("book.busy", value=str(book))))
        except OSError as error:
            raise BookError("book.write", key="book", value=str(book), reason=str(error)) from error
        ref = _fill(part, sources, str(model), options or DataOptions(), owner=owner or user(), allow=allow)
        write_data_report(part / "data" / "report.html", ref, folder.resolve().name)
    return Book(folder)


def _fill(part: Path, sources: Sources, model: str, options: DataOptions, *, owner: str, allow: Allow) -> DataRef:
    """Everything of a book but its data report; returns its rows with the figures of their tokens."""
    from tunebook.data.prepare import prepare
    from tunebook.tables.store import TableStore

    if Path(model).expanduser().is_dir():
        model = str(Path(model).expanduser().resolve())  # the book may be used from another folder
    folder = find_model(model, allow_pickle="pickle" in allow)
    tokenizer = load_reader(folder)  # before the long work, so that a wrong model is told at once
    files = sources.stored(part)
    others = {name: files[name][0] for name in ("validation", "test") if name in files}
    ref = prepare(files["train"], part / "data", options, **others)
    tokens = read_tokens(ref, folder, allow_unknown="unknown_tokens" in allow, tokenizer=tokenizer)
    table = _propose(ref, model, folder, tokens).model_copy(update={"owner": owner})
    store = TableStore(part / "tables")
    store.add(table)
    evidence = {"task": ref.task, "model": model, "rows": ref.rows, "content": ref.content, "group": ref.roles.group}
    store.set_champion(Change(action="init", actor=owner, table=1, evidence=evidence), None)
    made = BookFile(task=ref.task, owner=owner, created=time.strftime("%Y-%m-%d"), sources=sources.names)
    write_book_file(made, part)
    seen = ref.model_copy(update={"stats": {**ref.stats, "tokens": tokens}})
    return seen


def _propose(ref: DataRef, model: str, folder: Path, tokens: dict[str, Any]) -> ParamTable:
    from tunebook.tables.case import Machine
    from tunebook.tables.propose import propose
    from tunebook.verbs.steps.doctor import this_machine
    from tunebook.verbs.steps.model_facts import model_facts

    facts = model_facts(model, folder, task_of(ref.task)(), ref.labels, tokens["positions"])
    machine, stats = Machine(**this_machine()), {**ref.stats, "tokens": tokens}
    return propose(stats, ref.labels, rows=ref.rows["train"], task=ref.task, model=facts, machine=machine)


__all__ = ["SAMPLES", "init"]
