"""Files of annotation tools and libraries: found out by what they hold, and read as rows or refused by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.core.nouns import Roles
from tunebook.core.plugins import found_in
from tunebook.data.columns import to_table
from tunebook.data.files import Member
from tunebook.data.kind import wants_passages
from tunebook.data.ledger import WANTED, Entry, Ledger, Numbers
from tunebook.data.options import DataOptions
from tunebook.data.preview import Preview


@dataclass(frozen=True)
class Export:
    """Rows of a recognised file.

    Attributes:
        table: its columns; rows: number of each row in the file.
        roles: part -> column, as far as the format says it: `text`, `label`, `row_id`, `weight`, `annotators` ...
        faults: reason -> row number -> detail, of rows that are left out.
        notes: what was found out.
        changed: reason -> row numbers, of rows whose labels were put right.
        corpus: passages that rows name by their id, columns `id` and `text`.
    """

    table: pa.Table
    rows: Numbers
    roles: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, dict[int, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)
    corpus: pa.Table | None = None


class Format(ABC):
    """What a tool writes.

    Attributes:
        title: name of the tool or format, the same in every language.
        general: whether other formats are asked first, because this one recognises less.
    """

    title: ClassVar[str]
    general: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """Name of the format's module."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def fits(self, preview: Preview) -> bool:
        """Whether the file is one of this format, by its first lines."""

    @abstractmethod
    def read(self, preview: Preview) -> Export:
        """Its rows.

        Raises:
            DataError: what stands there are no texts with labels; `format.KIND`, with the export to choose instead.
        """

    def refusal(self, kind: str, preview: Preview, **fields: Any) -> DataError:
        """The error that names this format, the kind of work, and the export to choose (`format.choose.KEY`)."""
        choose = say(f"format.choose.{self.key}")
        return DataError(f"format.{kind}", key=str(preview.path), tool=self.title, choose=choose, **fields)


class Unread(Format):
    """What a program writes that is known by its first bytes or the parts of its package, and never read.

    Attributes:
        work: kind of the refusal, `format.WORK`.
    """

    work: ClassVar[str]

    @abstractmethod
    def program(self, preview: Preview) -> str | None:
        """The program whose file it is; None where it is of none of these."""

    def fits(self, preview: Preview) -> bool:
        """Whether a program is known by it."""
        return self.program(preview) is not None

    def read(self, preview: Preview) -> Export:
        """Refused."""
        raise self.refusal(self.work, preview, program=self.program(preview))


@cache
def formats() -> tuple[Format, ...]:
    """All formats, in the order in which they are asked."""
    found = [kind() for kind in found_in("tunebook.data.formats", Format)]
    return tuple(sorted(found, key=lambda item: (item.general, item.key)))


def find_format(preview: Preview) -> Format | None:
    """The format that a file is of; None where it is none of a tool."""
    return next((item for item in formats() if item.fits(preview)), None)


def read_export(path: Path, members: list[Member], options: DataOptions, *, labelled: bool = True) -> Export | None:
    """The rows of a file of a known tool; None where it is an ordinary table.

    Raises:
        DataError: it is of a tool, and holds no texts with labels.
    """
    preview = Preview(path, members, options, folder=path.is_dir(), labelled=labelled)
    found = find_format(preview)
    if found is None:
        return None
    try:
        export = found.read(preview)
    except DataError as error:
        refused = error.code.startswith("format.") and error.code not in ("format.damaged", "format.lacks")
        if not refused or (labelled and not wants_passages(options)):
            raise
        return None  # what labels there are does not matter, or columns of texts are enough
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"  # a value of a kind that the tool does not write there
        raise DataError("format.damaged", key=str(path), tool=found.title, reason=reason) from error
    lost = not labelled and set(export.faults) - WANTED  # whoever asks for answers tells of them
    if not export.table.num_rows and not lost:
        raise _nothing(export, found, preview)
    notes = {"format": found.key, "tool": found.title, **export.notes}
    return replace(export, notes=notes)


def _nothing(export: Export, form: Format, preview: Preview) -> DataError:
    """Why no row is left."""
    if not export.faults:
        return DataError("data.empty", key=str(preview.path))
    ledger = Ledger()
    ledger.count(preview.name, sum(map(len, export.faults.values())))
    for reason, rows in export.faults.items():
        ledger.note(Entry("dropped", reason, preview.name, np.array(list(rows), dtype=np.int64), list(rows.values())))
    try:
        ledger.check(preview.options.max_dropped)
    except DataError as error:
        return error
    choose = say("format.label_some")
    return DataError("format.unlabelled", key=str(preview.path), tool=form.title, choose=choose)


def to_export(rows: Iterable[tuple[int, dict[str, Any]]], roles: dict[str, Any], **more: Any) -> Export:
    """An export of rows with their numbers."""
    numbered = list(rows)
    table = to_table(row for _, row in numbered)
    return Export(table, np.array([number for number, _ in numbered], dtype=np.int64), roles, **more)


def told(options: DataOptions, roles: dict[str, Any], columns: Iterable[str]) -> DataOptions:
    """The options with the parts that a format knows, where the user said nothing of the part nor of the column."""
    there = set(columns)
    said = {column for part in Roles.model_fields for column in _listed(getattr(options, part))}
    known = {
        role: column
        for role, column in roles.items()
        if getattr(options, role, "") is None and not said & set(_listed(column)) and set(_listed(column)) <= there
    }
    return options.model_copy(update=known)


def _listed(column: Any) -> list[str]:
    return column if isinstance(column, list) else [column]


__all__ = ["Export", "Format", "Unread", "find_format", "formats", "read_export", "to_export", "told"]
