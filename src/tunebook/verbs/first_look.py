"""A first look at files of rows, before a book is made of them: columns, parts, language, and a base model for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.data.columns import is_text, text_column
from tunebook.data.describe import guess_language
from tunebook.data.exports import told
from tunebook.data.kind import kinds_for
from tunebook.data.labels import find_labels
from tunebook.data.options import DataOptions
from tunebook.data.read import read
from tunebook.data.roles import find_roles
from tunebook.data.tokens import check_tokens, token_report
from tunebook.models.source import BUILTIN, TERMS, builtin_state, find_model, load_reader

_TEXTS = 2_000  # that the language is guessed from


@dataclass(frozen=True)
class FirstLook:
    """What is seen of the first of the files.

    Attributes:
        rows: in it; columns: their names. sample: its first rows as texts, a cell each column.
        roles: the part of each column; None where it is not clear, or not a column each: `unclear` says so.
        task: that learns such labels; empty where that is not clear.
        language: of the texts: en, zh, mixed, other. model: a built-in base model that reads them.
    """

    rows: int
    columns: list[str]
    sample: list[list[str]]
    roles: Roles | None
    unclear: DataError | None
    language: str
    model: str
    task: str = ""


def first_look(files: Sequence[Path], shown: int = 3) -> FirstLook:
    """Look at the first file; nothing is written. Raises a DataError for a file that cannot be read."""
    found = read(files[0])
    table, roles, unclear = found.table, None, None
    try:
        roles = find_roles(table, told(DataOptions(), found.roles, table.column_names), file=found.name)
    except DataError as error:
        unclear = error
    texts = _texts(table, roles)
    sample = [["" if cell is None else str(cell) for cell in row.values()] for row in table.slice(0, shown).to_pylist()]
    language = guess_language(texts[:_TEXTS])[0] if texts else "other"
    model, task = base_for(texts), _task(table, roles)
    return FirstLook(table.num_rows, table.column_names, sample, roles, unclear, language, model, task)


def _task(table: pa.Table, roles: Roles | None) -> str:
    if roles is None or roles.label not in table.column_names:
        return ""
    try:
        found = find_labels(table[roles.label], DataOptions(label=roles.label))
    except DataError:  # said when the book is made, with what to do about it
        return ""
    return kinds_for(found.labels.problem, None)[0].tasks[0]


def _texts(table: pa.Table, roles: Roles | None) -> list[str]:
    """What a model would read: the column of texts, or all that hold words where none is known to be it."""
    names = [roles.text] if roles is not None else [name for name in table.column_names if is_text(table[name].type)]
    columns = [text_column(table[name]) for name in names if name in table.column_names]
    return [text for column in columns for text in pc.drop_null(column).to_pylist() if text.strip()]


def base_for(texts: Sequence[str]) -> str:
    """The first built-in base model of this machine whose tokenizer reads these texts, else the last that there is;
    none whose makers set terms of use."""
    names = [name for name in BUILTIN if name not in TERMS and builtin_state(name) != "missing"] or [
        next(iter(BUILTIN))
    ]
    for name in names[:-1]:
        if not texts or not check_tokens(token_report(texts, None, load_reader(find_model(name))), allow_unknown=True):
            return name
    return names[-1]


__all__ = ["FirstLook", "base_for", "first_look"]
