"""Rows on their way from files to a frozen split: each step takes a draft and gives the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.data.cells import number_in
from tunebook.data.chats import holds_chats
from tunebook.data.clean import Cleaned, Places, clean_column, clean_with_places
from tunebook.data.columns import holds_places, text_column
from tunebook.data.gather import FILE, ROW, TIME
from tunebook.data.kind import column_kind
from tunebook.data.ledger import Action, Ledger, Numbers, shown
from tunebook.data.options import DataOptions
from tunebook.data.times import FORMS, UNKNOWN, moments
from tunebook.data.workers import places_where

# What programs write where there is no text. People write "None" and "-" too, and may mean it.
_NO_TEXT = (
    *("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N"),
    *("#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"),
)


@dataclass(frozen=True)
class Draft:
    """Rows that are left, and where what happens to the others is written down."""

    table: pa.Table
    files: list[str]
    ledger: Ledger

    def note(self, action: Action, reason: str, places: Numbers) -> None:
        """Write into the ledger what happens to the rows at these places."""
        where = (self.numbers(FILE)[places], self.numbers(ROW)[places])
        self.ledger.note_files(action, reason, self.files, where)

    def drop(self, reason: str, places: Numbers) -> Draft:
        """Without the rows at these places."""
        if not len(places):
            return self
        self.note("dropped", reason, places)
        return self.without(places)

    def without(self, places: Numbers) -> Draft:
        """Without the rows at these places, which the ledger knows already."""
        if not len(places):
            return self
        keep = np.ones(self.table.num_rows, dtype=bool)
        keep[places] = False
        return replace(self, table=self.table.filter(pa.array(keep)))

    def put(self, name: str, column: Any) -> Draft:
        """With a column in place of the one of that name, or added."""
        if name in self.table.column_names:
            return replace(self, table=self.table.set_column(self.table.column_names.index(name), name, column))
        return replace(self, table=self.table.append_column(name, column))

    def numbers(self, name: str) -> Numbers:
        """A column of whole numbers."""
        return np.asarray(self.table[name].to_numpy(), dtype=np.int64)

    def places_shown(self, places: Numbers) -> str:
        """File and row numbers of some places, for a message."""
        files, rows = self.numbers(FILE)[places], self.numbers(ROW)[places]
        parts = [
            f"{name}: {shown(rows[files == n].tolist())}" for n, name in enumerate(self.files) if (files == n).any()
        ]
        return "; ".join(parts)


def clean_draft(draft: Draft, roles: Roles, options: DataOptions, rules: Sequence[str]) -> tuple[Draft, dict[str, Any]]:
    """Text and pair cleaned, and places in the text moved with it; rows without text, or with a cell of absurd length,
    dropped.

    Returns:
        the draft, and for each rule the number of rows that it changed with examples of before and after.
    """
    found: dict[str, Any] = {}
    told = not holds_chats(draft.table)  # what is learnt of these is not cleaned: only repeats are found by the text
    home = column_kind(options.problem).places_in if options.problem else "text"
    for role, name in (("text", roles.text), ("pair", roles.text_pair)):
        if name is None:
            continue
        draft = draft.put(name, text_column(draft.table[name]))
        lengths = pc.fill_null(pc.utf8_length(draft.table[name]), 0).to_numpy()
        draft = draft.drop("cell_too_long", np.flatnonzero(lengths > options.max_cell))
        table, cleaned = cleaned_table(
            draft.table, name, rules, (roles.label, *roles.annotators) if role == home else ()
        )
        draft.note("changed", "place_vanished", _shorter(draft.table, table, roles.label))
        gone = _gone(draft.table, table, roles.label) if role == "pair" else np.zeros(0, dtype=np.int64)
        draft = replace(draft, table=table)
        for rule, places in cleaned.changed.items() if told else ():
            draft.note("changed", rule, places)
        if told:
            _tally(found, cleaned)
        draft = draft.drop("answer_vanished", gone)
        draft = draft.drop(f"empty_{role}", _blank(draft.table[name]))
    return draft, found


def cleaned_table(
    table: pa.Table, name: str, rules: Sequence[str], beside: Sequence[str | None]
) -> tuple[pa.Table, Cleaned]:
    """A table with one column of texts cleaned, and with the places in them moved that these columns hold."""
    cleaned = clean_column(table[name], rules)
    changed = np.unique(np.concatenate([np.zeros(0, np.int64), *cleaned.changed.values()]))
    for place, field in enumerate(table.schema):
        if field.name in beside and holds_places(field.type) and len(changed):
            table = table.set_column(place, field.name, _moved(table.column(place), table[name], changed, rules))
    return table.set_column(table.column_names.index(name), name, cleaned.column), cleaned


def _moved(column: pa.ChunkedArray, texts: pa.ChunkedArray, rows: Numbers, rules: Sequence[str]) -> pa.ChunkedArray:
    """Places of these rows as they are in the cleaned texts."""
    moved = []
    for text, places in zip(
        texts.take(pa.array(rows)).to_pylist(), column.take(pa.array(rows)).to_pylist(), strict=True
    ):
        clean, where = clean_with_places(text, rules)
        moved.append(None if places is None else [new for old in places if (new := _moved_place(old, clean, where))])
    order = np.arange(len(column))
    order[rows] = len(column) + np.arange(len(rows))
    both = pa.chunked_array([*column.chunks, pa.array(moved, column.type)])
    return both.take(pa.array(order))


def _moved_place(place: dict[str, Any], clean: str, where: Places) -> dict[str, Any] | None:
    """A place in the clean text, without the blanks at its ends; None where nothing is left of it."""
    start, end = where.cleaned(place["start"], place["end"])
    inner = clean[start:end]
    start += len(inner) - len(inner.lstrip())
    return {**place, "start": start, "end": start + len(inner.strip())} if inner.strip() else None


def _shorter(before: pa.Table, after: pa.Table, name: str | None) -> Numbers:
    """Rows of which a place vanished."""
    counts = _place_counts(before, after, name)
    return np.flatnonzero(counts[1] < counts[0]).astype(np.int64)


def _gone(before: pa.Table, after: pa.Table, name: str | None) -> Numbers:
    """Rows of which all places vanished: that nothing is left of an answer does not mean that there was none."""
    counts = _place_counts(before, after, name)
    return np.flatnonzero((counts[1] == 0) & (counts[0] > 0)).astype(np.int64)


def _place_counts(before: pa.Table, after: pa.Table, name: str | None) -> tuple[Numbers, Numbers]:
    """Places of each row before and after, shape (N,); of shape (0,) where the column holds none."""
    if name is None or name not in before.column_names or not holds_places(before.schema.field(name).type):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    one, other = (pc.fill_null(pc.list_value_length(table[name]), 0).to_numpy() for table in (before, after))
    return one, other


def _tally(found: dict[str, Any], cleaned: Cleaned) -> None:
    for rule, places in cleaned.changed.items():
        entry = found.setdefault(rule, {"rows": 0, "examples": []})
        entry["rows"] += len(places)
        examples = [{"before": before, "after": after} for before, after in cleaned.examples[rule]]
        entry["examples"] = [*entry["examples"], *examples][:3]


def _blank(column: pa.ChunkedArray) -> Numbers:
    """Places of nulls, words for them, and nothing but spaces: the rule that folds them may be switched off."""
    none = pa.array(_NO_TEXT, column.type)
    return places_where(column, lambda texts: pc.or_(pc.is_null(texts), pc.is_in(pc.utf8_trim_whitespace(texts), none)))


def weigh_draft(draft: Draft, name: str | None) -> Draft:
    """The weight column as float64; rows whose weight is no finite number of at least 0 are dropped."""
    if name is None:
        return draft
    words = pc.utf8_trim_whitespace(text_column(draft.table[name])).to_pylist()
    weights = np.array([number_in(word or None) for word in words], dtype=np.float64)
    draft = draft.put(name, pa.array(weights))
    return draft.drop("bad_weight", np.flatnonzero(~(np.isfinite(weights) & (weights >= 0))))


def timed_draft(draft: Draft, name: str | None, options: DataOptions) -> Draft:
    """With the moment of each row in the column TIME, without rows that have no date or time; for splits by time.

    Raises:
        DataError: `data.time_needed`, no column was found; `data.time_forms`, too many cells say no time.
    """
    if name is None:
        raise DataError("data.time_needed", key="time")
    times = moments(draft.table[name], name)
    unknown = np.flatnonzero(times == UNKNOWN)
    if len(unknown) > options.max_dropped * draft.table.num_rows:
        examples = [cell for cell in text_column(draft.table[name]).take(pa.array(unknown[:50])).to_pylist() if cell]
        where = draft.places_shown(unknown[:8])
        raise DataError("data.time_forms", key=name, value=examples[:3], allowed=FORMS, rows=where, count=len(unknown))
    return draft.put(TIME, pa.array(times)).drop("no_time", unknown)


def row_ids(draft: Draft, name: str | None) -> tuple[pa.Array, bool]:
    """The id of each row: the column's, where it is whole and has no value twice; else file and row number.

    Returns:
        the ids, and whether a column was there that could not be used.
    """
    if name is not None:
        column = text_column(draft.table[name])
        if not column.null_count and _all_differ(column):
            return column, False
    files = pa.array(draft.files, pa.large_string()).take(pa.array(draft.numbers(FILE)))
    rows = pc.cast(pa.array(draft.numbers(ROW)), pa.large_string())
    ids = pc.binary_join_element_wise(files, rows, pa.scalar(":", pa.large_string()))
    return (ids if pc.count_distinct(ids).as_py() == len(ids) else _apart(ids)), name is not None


def _all_differ(column: pa.ChunkedArray) -> bool:
    """Whether no string stands there twice: numbers that differ are written differently."""
    try:
        numbers = np.sort(pc.cast(column, pa.int64()).to_numpy())
    except pa.ArrowInvalid:
        numbers = np.zeros(0, dtype=np.int64)
    if len(numbers) == len(column) and (np.diff(numbers) != 0).all():
        return True
    return bool(pc.count_distinct(column).as_py() == len(column))


def _apart(ids: pa.Array) -> pa.Array:
    """Ids of which some repeat (a record of the file that became several rows), told apart by a number."""
    seen: Counter[str] = Counter()
    apart = []
    for name in ids.to_pylist():
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name}:{seen[name]}")
    return pa.array(apart, pa.large_string())


def labelled_rows(draft: Draft, bad: dict[str, Numbers]) -> Draft:
    """Without the rows whose label cannot be used, each with its reason."""
    for reason, places in bad.items():
        draft.note("dropped", reason, places)
    return draft.without(np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *bad.values()])))


__all__ = ["Draft", "clean_draft", "cleaned_table", "labelled_rows", "row_ids", "timed_draft", "weigh_draft"]
