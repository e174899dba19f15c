"""A table of questions, each with a context and its answers, made ready: which columns these are, and answers as places
that fit their context."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.answer_places import ANSWERS, STATED, Fitted, Stated, fitted, stated
from tunebook.data.columns import text_column
from tunebook.data.kind import Checked
from tunebook.data.names import plain
from tunebook.data.options import DataOptions
from tunebook.data.roles import show_columns
from tunebook.data.split import hashes

CONTEXT = "context_hash"  # column that is the same for questions on the same context
_COLUMNS = {
    "text": ("question", "query", "query_text", "question_text", "问题", "提问"),
    "text_pair": (
        *("context", "context_text", "passage", "passage_text", "paragraph", "document", "article", "text"),
        *("上下文", "原文", "段落", "文章", "篇章", "文本"),
    ),
    "label": ("answers", "answer", "labels", "label", "答案"),
    "row_id": ("id", "qid", "query_id", "question_id", "编号"),
}
_IMPOSSIBLE = ("is_impossible", "no_answer", "unanswerable")
_NEEDED = ("text", "text_pair", "label")


def stated_table(table: pa.Table, told: DataOptions) -> tuple[pa.Table, dict[str, Any]]:
    """The table with its answers as STATED, and its contexts told apart in the column CONTEXT; and the parts.

    Questions on one context stay in one split unless the user names another group, and are drawn together where an
    interval is asked for.

    Raises:
        DataError: `data.answer_columns`: it has no column of questions, contexts or answers; `data.answers_unread`.
    """
    free = {plain(name): name for name in reversed(table.column_names)}
    parts: dict[str, Any] = {}
    for part, names in _COLUMNS.items():
        left = (free[name] for name in names if name in free and free[name] not in parts.values())
        parts[part] = getattr(told, part) or next(left, None)
    lost = [part for part in _NEEDED if parts[part] not in table.column_names]
    if lost:
        known = " | ".join(_COLUMNS[lost[0]])
        shown = show_columns(table)
        raise DataError("data.answer_columns", key=lost[0], value=parts[lost[0]], allowed=known, columns=shown)
    if table.schema.field(parts["label"]).type != STATED:
        table = _with_stated(table, parts["label"], next((free[name] for name in _IMPOSSIBLE if name in free), None))
    keys = pa.array([f"{key:016x}" for key in hashes(text_column(table[parts["text_pair"]])).tolist()])
    table = table.drop_columns([CONTEXT] if CONTEXT in table.column_names else []).append_column(CONTEXT, keys)
    return table, {**{part: name for part, name in parts.items() if name}, "group": told.group or CONTEXT}


def _with_stated(table: pa.Table, label: str, impossible: str | None) -> pa.Table:
    """With the column of answers read."""
    none = table[impossible].to_pylist() if impossible else [None] * table.num_rows
    found: list[list[dict[str, Any]] | None] = []
    for row, (cell, flag) in enumerate(zip(table[label].to_pylist(), none, strict=True), start=1):
        try:
            answers = stated(cell, impossible=flag)
        except (TypeError, ValueError) as error:
            raise DataError("data.answers_unread", key=label, value=str(cell)[:80], row=row) from error
        found.append(None if answers is None else [vars(answer) for answer in answers])
    return table.set_column(table.column_names.index(label), label, pa.array(found, STATED))


def with_places(table: pa.Table, parts: dict[str, Any]) -> Checked:
    """The table with its answers as places in their contexts, without the rows that have none which fits."""
    label = parts["label"]
    found = list(_fitted(table, label, parts["text_pair"]))
    kept = np.array([row.places is not None for row in found], dtype=bool)
    faults: dict[str, list[int]] = {}
    changed: dict[str, list[int]] = {}
    for place, row in enumerate(found):
        if row.places is None:
            faults.setdefault(row.reason, []).append(place)
        for reason in sorted(row.moved):
            changed.setdefault(reason, []).append(place)
    places = [None if row.places is None else [{"start": one, "end": end} for one, end in row.places] for row in found]
    table = table.set_column(table.column_names.index(label), label, pa.array(places, ANSWERS))
    return Checked(table.filter(pa.array(kept)), kept, faults, changed)


def _fitted(table: pa.Table, label: str, context: str) -> Iterator[Fitted]:
    columns = (text_column(table[context]).to_pylist(), table[label].to_pylist())
    for text, cell in zip(*columns, strict=True):
        answers = None if cell is None else [Stated(one["text"] or "", one["start"]) for one in cell]
        yield fitted(text or "", answers)


__all__ = ["CONTEXT", "stated_table", "with_places"]
