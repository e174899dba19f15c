"""A book: the folder that holds one fine-tuning job, its rows, its tables and its runs; and its cache."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError
from tunebook.core.files import content_id, write_whole
from tunebook.core.folders import on_one_line, read_object
from tunebook.core.locations import BOOK_FILE, PASSAGES, data_name, data_version

if TYPE_CHECKING:
    from tunebook.core.nouns import DataRef, ParamTable
    from tunebook.knowledge.log import ChangeLog
    from tunebook.tables.store import TableStore
    from tunebook.verbs.steps.book_file import BookFile
    from tunebook.verbs.steps.runs import Run


@dataclass(frozen=True)
class Book:
    """One fine-tuning job on disk.

    Raises:
        BookError: the folder is no book, or its book.toml cannot be read.
    """

    path: Path

    @cached_property
    def file(self) -> BookFile:
        """What book.toml says."""
        from tunebook.verbs.steps.book_file import BookFile

        try:
            return BookFile(**tomllib.loads((self.path / BOOK_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise BookError("book.file", key=str(self.path / BOOK_FILE), reason=on_one_line(error)) from error

    @cached_property
    def data(self) -> DataRef:
        """The book's rows, of the version in force; the first where book.toml cannot be read.

        Raises:
            BookError: `retrain.version`, there is no such version. DataError: `data.not_prepared`.
        """
        from tunebook.data.frozen import open_data

        version = 1
        with suppress(BookError):
            version = self.file.data
        if version > 1 and version not in (known := self.data_versions):
            allowed = " | ".join(f"v{number}" for number in known)
            raise BookError("retrain.version", key="book.toml: data", value=f"v{version}", allowed=allowed)
        return open_data(self.path / data_name(version))

    @property
    def data_versions(self) -> dict[int, DataRef]:
        """All versions of its rows."""
        from tunebook.data.frozen import SPLIT, open_data

        named = ((data_version(path.name), path) for path in self.path.glob("data*") if (path / SPLIT).is_file())
        return {number: open_data(path) for number, path in sorted(named, key=lambda item: item[0] or 0) if number}

    @property
    def holds_pairs(self) -> bool:
        """Whether its rows are pairs of texts; told without reading the rest of what is known of them.

        Raises:
            BookError: `file.missing`, `file.damaged`.
        """
        roles = read_object(self.path / "data" / "split.json", "roles")["roles"]
        return isinstance(roles, dict) and bool(roles.get("text_pair"))

    @property
    def holds_passages(self) -> bool:
        """Whether its rows are queries with judged passages."""
        return (self.path / "data" / PASSAGES).is_file()

    @property
    def tables(self) -> TableStore:
        """The versions of the book's table."""
        from tunebook.tables.store import TableStore

        return TableStore(self.path / "tables")

    @property
    def log(self) -> ChangeLog:
        """Who changed what, when and why; it also says which table is the champion."""
        return self.tables.log

    @property
    def champion(self) -> ParamTable:
        """The table in force."""
        return self.tables.get("champion")

    @property
    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        from tunebook.verbs.steps.runs import runs_in

        return runs_in(self.path / "runs")

    def run(self, name: str = "auto") -> Run:
        """The run that a name means: an id or its start, `latest`, `champion`, or `auto`, see `which_run`.

        Raises:
            BookError: no such run, or several whose id begins so.
        """
        from tunebook.verbs.steps.which_run import which_run

        return which_run(self.path, lambda: self.champion, name)


def open_book(path: Path | str) -> Book:
    """The book in a folder.

    Raises:
        BookError: there is no book.
    """
    book = Book(Path(path))
    if not (book.path / BOOK_FILE).is_file():
        raise BookError("book.missing", key="book", value=str(path))
    return book


def kept(book: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, as JSON, from the cache if it is there.

    Args:
        book: its folder.
        name: name of the entry; it must hold the hash of all that the answer depends on.
        make: gives something that JSON can carry.
    """
    made = recalled(book, name)
    if made is None:
        made = json.loads(json.dumps(make()))
        keep(book, name, made)
    return made


def recalled(book: Path, name: str) -> Any:
    """What was kept under this name; None where nothing is."""
    with suppress(BookError):  # not there yet, cut off by a crash, or of an older version, which told no hash
        found = read_object(_place(book, name), "made", "hash")
        if content_id(found["made"]) == found["hash"]:
            return found["made"]
    return None


def keep(book: Path, name: str, made: Any) -> bool:
    """Keep something that JSON can carry; whether that was possible: a book that may only be read, or a full disk, has
    no cache and works all the same."""
    with suppress(OSError):
        write_whole(_place(book, name), json.dumps({"hash": content_id(made), "made": made}))
        return True
    return False


def _place(book: Path, name: str) -> Path:
    return book / "cache" / f"{name}.json"


def kept_model_id(folder: Path, book: Path) -> str:
    """Hash of a model's files; gigabytes of weights are read once a book, not whenever they are asked for."""
    from tunebook.models.source import model_id, model_stamp

    stamp = model_stamp(folder)
    if stamp is None:
        return model_id(folder)
    found: str = kept(book, f"model-{stamp}", lambda: model_id(folder))
    return found


__all__ = ["Book", "keep", "kept", "kept_model_id", "open_book", "recalled"]
