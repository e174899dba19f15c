"""Rows of a file whose conversations are learnt: what is asked, the answer and the whole conversation of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.chat import Chat
from tunebook.core.errors import DataError, near
from tunebook.data.chat_turns import ChatError
from tunebook.data.chats import CHAT_COLUMN, chat_column, holds_chats
from tunebook.data.columns import to_table
from tunebook.data.conversations import Shape, answer_of, asked_of, chats_of_row, shape_of
from tunebook.data.exports import Export
from tunebook.data.kind import wants_chats
from tunebook.data.listings import entry_beside, usual
from tunebook.data.options import DataOptions
from tunebook.data.preview import Objects
from tunebook.data.roles import show_columns

TEXT, LABEL = "text", "label"  # columns of what is asked, and of the answer
NOT_THERE = "not_there"  # note of a file to predict that lacks a column that was named: the columns that it has
OURS = (TEXT, LABEL, CHAT_COLUMN)
ROLES = {"text": TEXT, "label": LABEL}
_LOOKED_AT = 200
_WORSE = {"rejected", "rejected_response", "response_rejected", "rejected_messages", "dispreferred"}
_JUDGED = ("label", "kto_tag")
_TEXT = pa.large_string()


def has_chats(rows: list[dict[str, Any]], options: DataOptions, *, labelled: bool) -> bool:
    """Whether some of these rows have a conversation, or answers that were liked or not."""
    return any(shape_of(row, told(options), answered=labelled) is not None for row in rows) or bool(_preferred(rows))


def told(options: DataOptions) -> tuple[str | None, str | None]:
    """Columns of question and answer that the user named."""
    return options.text, options.label


def _columns_told(rows: list[dict[str, Any]], options: DataOptions, *, labelled: bool) -> tuple[str | None, str | None]:
    """The same; of rows to predict without a conversation also a column of texts: the one of that name, or the only
    one."""
    named = told(options)
    if labelled or any(shape_of(row, named, answered=False) is not None for row in rows):
        return named
    names = list(dict.fromkeys(name for row in rows for name in row))
    return (TEXT if TEXT in names else names[0] if len(names) == 1 else None), None


def chat_export(rows: Objects, options: DataOptions, place: Path | str, *, labelled: bool = True) -> Export:
    """The conversations of rows, with all columns that are not part of them; those that cannot be learnt are faults.

    Args:
        labelled: False for rows to predict, which need no answer: one that is there is left out.

    Raises:
        DataError: `data.column`, no row has a column that was told; `chat.shape`, none of the first rows has a
            conversation; `chat.preferences`, they have answers that were not liked.
    """
    first = [row for _, row in rows[:_LOOKED_AT]]
    if labelled and not any(told(options)) and (preferred := _preferred(first)):
        raise DataError("chat.preferences", key=str(place), columns=preferred)
    notes: dict[str, str] = {}
    if error := _missing(rows, options, place):
        if labelled:
            raise error
        notes[NOT_THERE] = error.fields["columns"]  # a book's own columns may be missing in a file to predict
    columns = _columns_told(first, options, labelled=labelled)
    if not any(shape_of(row, columns, answered=labelled) is not None for row in first):
        names = dict.fromkeys(name for row in first for name in row)
        raise DataError("chat.shape", key=str(place), columns=", ".join(map(str, list(names)[:20])))
    chats: list[Chat] = []
    numbers: list[int] = []
    others: list[dict[str, Any]] = []
    faults: dict[str, dict[int, str]] = {}
    for number, row in rows:
        try:
            found = chats_of_row(row, columns, answered=labelled)
        except ChatError as error:
            faults.setdefault(error.reason, {})[number] = error.detail
            continue
        chats += found if labelled else [chat.asked for chat in found]
        numbers += [number] * len(found)
        others += [_beside(row, shape_of(row, columns, answered=labelled))] * len(found)
    table = _columns(chats, others, labelled=labelled)
    return Export(table, np.array(numbers, dtype=np.int64), dict(ROLES), faults, notes)


def _missing(rows: Objects, options: DataOptions, place: Path | str) -> DataError | None:
    """What is wrong with columns of question or answer that were named and no row has."""
    names = dict.fromkeys(name for _, row in rows for name in row)
    for name in told(options):
        if name is not None and name not in names:
            table = to_table([row for _, row in rows[:_LOOKED_AT]])
            close = near(name, list(names))
            return DataError("data.column", key=name, file=str(place), flag="", near=close, columns=show_columns(table))
    return None


def _preferred(rows: list[dict[str, Any]]) -> str:
    """Columns by which answers of all rows were liked or not; empty where there are none."""
    names = set.intersection(*map(set, rows)) if rows else set()
    worse = sorted(names & _WORSE)
    judged = [name for name in _JUDGED if name in names and all(type(row[name]) is bool for row in rows)]
    return ", ".join(worse or judged)


def chat_table(export: Export, options: DataOptions, place: Path | str, *, labelled: bool = True) -> Export:
    """The same of rows that were read as a table, where conversations are wanted; any other as it is."""
    if not wants_chats(options) or holds_chats(export.table):
        return export
    rows = list(zip(export.rows.tolist(), map(_without_nulls, export.table.to_pylist()), strict=True))
    rows, notes = as_listed(rows, place)
    if {"text", "label"} <= set(export.roles) and not any(told(options)):  # as the format says
        options = options.model_copy(update={role: export.roles[role] for role in ("text", "label")})
    found = chat_export(rows, options, place, labelled=labelled)
    faults = export.faults | {reason: export.faults.get(reason, {}) | lost for reason, lost in found.faults.items()}
    made = {"table": found.table, "rows": found.rows, "roles": {**export.roles, **ROLES}, "faults": faults}
    return replace(export, **made, notes={**export.notes, **notes, **found.notes})


def as_listed(rows: Objects, place: Path | str) -> tuple[Objects, dict[str, str]]:
    """Rows with the usual names, where a list of LLaMA-Factory in the folder of their file says how they are called;
    and a note of it. Where the rows have not the columns that it says, they stay as they are.
    """
    entry = entry_beside(place) if isinstance(place, Path) else None
    if entry is None:
        return rows, {}
    try:
        return [(number, usual(row, entry)) for number, row in rows], {"listed": entry.name}
    except DataError:
        return rows, {"not_listed": entry.name}


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose objects have no empty fields: a table gives each object those of all others."""
    return {name: _bare(value) for name, value in row.items()}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _beside(row: dict[str, Any], shape: Shape | None) -> dict[str, Any]:
    """The columns that are no part of the conversation."""
    used = shape.columns if shape else set()
    return {f"source_{name}" if name in OURS else name: value for name, value in row.items() if name not in used}


def _columns(chats: list[Chat], others: list[dict[str, Any]], *, labelled: bool) -> pa.Table:
    columns: dict[str, Any] = {TEXT: pa.array(map(asked_of, chats), _TEXT)}
    columns |= {LABEL: pa.array(map(answer_of, chats), _TEXT)} if labelled else {}
    columns[CHAT_COLUMN] = chat_column(chats)
    beside = to_table(others)
    return pa.table({**columns, **dict(zip(beside.column_names, beside.columns, strict=True))})


__all__ = ["LABEL", "NOT_THERE", "OURS", "ROLES", "TEXT", "as_listed", "chat_export", "chat_table", "has_chats", "told"]
