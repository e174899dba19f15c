"""Init: find the rows, look at the data, freeze them, propose the first table: a new book."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, DataError, TunebookError
from tunebook.core.folders import folder_of, is_free
from tunebook.core.nouns import SPLITS, DataRef, ParamTable
from tunebook.core.registry import task_of
from tunebook.data.options import DataOptions
from tunebook.knowledge.log import Change, user
from tunebook.models.source import find_model, load_reader
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import BookFile, write_book_file
from tunebook.verbs.steps.model_facts import read_tokens, suited

if TYPE_CHECKING:
    import pyarrow as pa


SAMPLES = {"sample:en": "support_en.csv", "sample:zh": "support_zh.csv"}
FOLDER = "sources"  # of a book: rows that came as objects, so that the book can be made again


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
    sources = find_sources(data, options or DataOptions())
    from tunebook.report.rows import write_data_report

    with ExitStack() as held:
        part = held.enter_context(folder_of(folder, used=used, busy=BookError("book.busy", value=str(book))))
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
    if options.task is not None:  # before the long work, so that a wrong model is told at once
        with suppress(KeyError):  # that there is no such task is told with the kinds that there are
            suited(options.task, folder, model)
    tokenizer = load_reader(folder)
    files = sources.stored(part)
    others = {name: files[name][0] for name in ("validation", "test") if name in files}
    ref = prepare(files["train"], part / "data", options, **others)
    suited(ref.task, folder, model)
    tokens = read_tokens(ref, folder, allow_unknown="unknown_tokens" in allow, tokenizer=tokenizer)
    table = _propose(ref, model, folder, tokens).model_copy(update={"owner": owner})
    store = TableStore(part / "tables")
    store.add(table)
    evidence = {"task": ref.task, "model": model, "rows": ref.rows, "content": ref.content, "group": ref.roles.group}
    store.set_champion(Change(action="init", actor=owner, table=1, evidence=evidence), None)
    made = BookFile(task=ref.task, owner=owner, created=time.strftime("%Y-%m-%d"), sources=sources.names)
    write_book_file(made, part)
    return ref.model_copy(update={"stats": {**ref.stats, "tokens": tokens, **_learnt(table, ref, folder, allow)}})


def _learnt(table: ParamTable, ref: DataRef, folder: Path, allow: Allow) -> dict[str, Any]:
    """As `learnt`, what of conversations is learnt with the proposed rows; of what cannot be planned, `check` tells."""
    from tunebook.verbs.steps.learnt import learnt_of, told_of

    if not told_of(ref.task, ref.labels.problem):
        return {}
    from tunebook.verbs.steps.plan import plan

    with suppress(TunebookError):
        found = learnt_of(plan(table, ref, allow=allow), ref, folder)
        return {} if found is None else {"learnt": found.data()}
    return {}


def _propose(ref: DataRef, model: str, folder: Path, tokens: dict[str, Any]) -> ParamTable:
    from tunebook.tables.case import Machine
    from tunebook.tables.propose import propose
    from tunebook.verbs.steps.doctor import this_machine
    from tunebook.verbs.steps.model_facts import model_facts

    facts = model_facts(model, folder, task_of(ref.task)(), ref.labels, tokens["positions"])
    machine, stats = Machine(**this_machine()), {**ref.stats, "tokens": tokens}
    return propose(stats, ref.labels, rows=ref.rows["train"], task=ref.task, model=facts, machine=machine)


@dataclass(frozen=True)
class Sources:
    """Rows by the part that they play.

    Attributes:
        files: train, validation or test -> files of rows; tables: the same -> rows that are in no file.
    """

    files: dict[str, list[Path]]
    tables: dict[str, pa.Table]

    @property
    def names(self) -> dict[str, list[str]]:
        """What book.toml says: whole paths, or those within the book."""
        found = {part: [str(path.resolve()) for path in paths] for part, paths in self.files.items()}
        for part in self.tables:
            found[part] = [*found.get(part, []), f"{FOLDER}/{part}.parquet"]
        return found

    def stored(self, book: Path) -> dict[str, list[Path]]:
        """All files, those of objects written into the folder of a book."""
        import pyarrow as pa
        from pyarrow import parquet

        from tunebook.data.columns import storable

        found = {part: list(paths) for part, paths in self.files.items()}
        for part, table in self.tables.items():
            path = book / FOLDER / f"{part}.parquet"
            path.parent.mkdir(exist_ok=True)
            columns = [storable(column) for column in table.columns]
            table = pa.Table.from_arrays(columns, table.column_names, metadata=table.schema.metadata)
            parquet.write_table(table, path, compression="zstd")
            found[part] = [*found.get(part, []), path]
        return found


def find_sources(data: Any, options: DataOptions | None = None) -> Sources:
    """Files and tables of what `init` was given; with options that ask for conversations these stay as they are.

    Raises:
        DataError: a file is missing; `data.parts`, `data.one_file`. TunebookError: `call.type`.
    """
    files: dict[str, list[Path]] = {}
    tables: dict[str, list[pa.Table]] = {}
    for part, content in _parts(data):
        paths = _paths(content)
        if paths is None:
            tables.setdefault(part, []).append(_table(_asked_for(content, options), part))
        else:
            files.setdefault(part, []).extend(paths)
    for path in (path for paths in files.values() for path in paths):
        if not os.path.lexists(path):  # told before the model is looked at, which takes seconds
            samples = " | ".join(SAMPLES) if str(path).startswith("sample:") else ""
            raise DataError("data.missing", key=str(path), allowed=samples)
    for part in ("validation", "test"):
        if len(files.get(part, ())) + (part in tables) > 1:
            raise DataError("data.one_file", key=part, value=[str(path) for path in files[part]])
    return Sources(files, {part: _joined(found) for part, found in tables.items()})


def _parts(data: Any) -> list[tuple[str, Any]]:
    """Content of each split, by its usual names; all of it to train on where no splits are named."""
    if not isinstance(data, Mapping):
        return [("train", _whole(data))]
    from tunebook.data.given_split import split_of
    from tunebook.data.in_memory import table_of

    found = [(split_of(str(name)), _whole(content)) for name, content in data.items() if not _is_nothing(content)]
    splits = [split for split, _ in found]
    if "train" in splits and None not in splits:
        return [(str(split), content) for split, content in found]
    if not any(split_of(str(name)) for name in data) and table_of(data) is not None:
        return [("train", data)]
    raise DataError("data.parts", key="data", value=list(data), allowed=" | ".join(SPLITS))


def _is_nothing(content: Any) -> bool:
    return content is None or (isinstance(content, str | list | tuple) and not content)


def _whole(content: Any) -> Any:
    """What can be gone through only once as a list."""
    from tunebook.data.in_memory import listed

    return content if isinstance(content, str | os.PathLike) else listed(content)


def _paths(content: Any) -> list[Path] | None:
    """Files, where these are named."""
    items = [content] if isinstance(content, str | os.PathLike) else content
    if isinstance(items, list | tuple) and items and all(isinstance(item, str | os.PathLike) for item in items):
        return [_path(item) for item in items]
    return None


def _path(name: str | os.PathLike[str]) -> Path:
    if str(name) in SAMPLES:
        return Path(str(resources("tunebook") / "sample" / SAMPLES[str(name)]))
    return Path(name)


def _asked_for(content: Any, options: DataOptions | None) -> Any:
    """Rows, with conversations as JSON where these are wanted."""
    from tunebook.data.in_memory import json_cells
    from tunebook.data.kind import wants_chats, wants_preferences

    return json_cells(content) if options and (wants_chats(options) or wants_preferences(options)) else content


def _table(content: Any, part: str) -> pa.Table:
    from tunebook.data.in_memory import labelled_table, wrong_rows

    table = labelled_table(content)
    if table is None:
        raise wrong_rows(content, f"init: data[{part!r}]")
    if not table.num_rows:
        raise DataError("data.empty", key=f"data[{part!r}]")
    return table


def _joined(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")


__all__ = ["FOLDER", "SAMPLES", "Sources", "find_sources", "init"]
