"""A book: the folder that holds one fine-tuning job, its rows, its tables and its runs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError
from tunebook.core.folders import read_object
from tunebook.core.places import BOOK_FILE

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
            raise BookError("book.file", key=str(self.path / BOOK_FILE), reason=str(error)) from error

    @cached_property
    def data(self) -> DataRef:
        """The book's rows."""
        from tunebook.data.frozen import open_data

        return open_data(self.path / "data")

    @property
    def holds_pairs(self) -> bool:
        """Whether its rows are pairs of texts; told without reading the rest of what is known of them.

        Raises:
            BookError: `file.missing`, `file.damaged`.
        """
        roles = read_object(self.path / "data" / "split.json", "roles")["roles"]
        return isinstance(roles, dict) and bool(roles.get("text_pair"))

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

    def run(self, name: str = "latest") -> Run:
        """A run by its id, the start of its id, or `latest`: the newest that was finished.

        Raises:
            BookError: no such run, or several whose id begins so.
        """
        from tunebook.verbs.steps.runs import runs_named

        if name == "latest":
            found = [run for run in self.runs if run.finished][-1:]
        else:
            found = runs_named(self.path / "runs", name)
        if len(found) != 1:
            runs = self.runs
            asked: dict[str, Any] = {"key": "run", "value": name, "book": self.path}
            if not runs or name == "latest":
                raise BookError("book.no_runs", **asked)
            raise BookError("book.run", allowed=" | ".join(["latest", *(run.id for run in runs)]), **asked)
        return found[0]


def open_book(path: Path | str) -> Book:
    """The book in a folder.

    Raises:
        BookError: there is no book.
    """
    book = Book(Path(path))
    if not (book.path / BOOK_FILE).is_file():
        raise BookError("book.missing", key="book", value=str(path))
    return book


__all__ = ["Book", "open_book"]
