"""A book: the folder that holds one fine-tuning job, its rows, its tables and its runs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tunebook.core.errors import BookError
from tunebook.core.nouns import DataRef, ParamTable, Record
from tunebook.core.verdict import Gate

if TYPE_CHECKING:
    from tunebook.knowledge.log import ChangeLog
    from tunebook.tables.store import TableStore
    from tunebook.verbs.steps.runs import Run

BOOK_FILE = "book.toml"


class BookFile(Record):
    """What book.toml says.

    Attributes:
        task: name of the task.
        owner: who answers for the book.
        created: day on which it was made.
        sources: data files as the user named them, by the part they play.
        gate: what a new table has to bring.
    """

    task: str
    owner: str = ""
    created: str = ""
    sources: dict[str, list[str]] = Field(default_factory=dict)
    gate: Gate = Field(default_factory=Gate)


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


def write_book_file(file: BookFile, folder: Path) -> None:
    """Write book.toml."""
    content = file.model_dump()
    gate = content.pop("gate")
    parts = {"sources": content.pop("sources"), "gate": gate, "gate.guard": gate.pop("guard")}
    lines = [f"{name} = {_toml(value)}" for name, value in content.items()]
    for part, values in parts.items():
        if values:
            lines += ["", f"[{part}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    (folder / BOOK_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    """A string, a number, or a list of them, as TOML wants it."""
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'


__all__ = ["BOOK_FILE", "Book", "BookFile", "open_book", "write_book_file"]
