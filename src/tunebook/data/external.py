"""Rows of a file that is no part of a book's data, read and labelled as those are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef
from tunebook.core.task import Rows
from tunebook.data.chat_turns import CHAT_REASONS
from tunebook.data.chats import CHAT_COLUMN, holds_chats
from tunebook.data.columns import text_column
from tunebook.data.draft import cleaned_table
from tunebook.data.exports import told
from tunebook.data.kind import ColumnKind, column_kind, column_kinds
from tunebook.data.label_columns import label_table, with_fields
from tunebook.data.ledger import WANTED
from tunebook.data.load import group_column, to_rows, word_places
from tunebook.data.options import DataOptions
from tunebook.data.passages import JUDGED, numbered
from tunebook.data.tagged_words import joined_words

if TYPE_CHECKING:
    from tunebook.data.read import ReadFile


@dataclass(frozen=True)
class External:
    """The rows of a file as prepared ones are.

    Attributes:
        table: `_id`, `text`, perhaps `pair`, `label`, `words` and turns; passages: that the labels name, where they do.
        source: the same rows with the columns of the file; numbers: of them in it, as a person counts.
    """

    table: pa.Table
    passages: pa.Table | None
    source: pa.Table
    numbers: NDArray[np.int64]


def external_rows(data: DataRef, path: Path, *, labelled: bool = True) -> Rows:
    """The rows of a file, with texts and labels under the book's column names and labels as in the book's data.

    Args:
        labelled: False reads the texts alone.

    Raises:
        DataError: as `external_table`.
    """
    return rows_in(data, external_table(data, path, labelled=labelled))


def rows_in(data: DataRef, found: External) -> Rows:
    """What a model reads of a file's rows, with the book's column of groups where the file has it."""
    rows = to_rows(found.table, data.labels, found.passages)
    cut = None if rows.words is not None else column_kind(data.labels.problem).cut(rows.texts, data)
    group = data.roles.group
    if group in found.source.column_names:
        rows = replace(rows, other={**rows.other, group_column(data.roles): found.source[group].to_pylist()})
    return rows if cut is None else replace(rows, words=cut)


def external_table(data: DataRef, path: Path, *, labelled: bool = True) -> External:
    """The same as a table.

    Raises:
        DataError: a row cannot be read, a column is missing, `outside.label` for a label that the book lacks,
            `data.no_marks` for cells where the book has marked places.
    """
    from tunebook.data.read import read

    options = _options(data)
    source = read(path, options, labelled=labelled)
    refuse_lost_rows(source)
    table = source.table
    if not labelled and table.num_columns == 1 and "delimiter" in source.notes:  # nothing is learnt from empty rows
        table = table.filter(pc.not_equal(pc.utf8_trim_whitespace(table.column(0)), ""))
    preset = data.stats.get("preset") or {}
    joined = preset.get("label_columns") or ()
    joined = joined if labelled and joined and set(joined) <= set(table.column_names) else None
    table = label_table(table, data.roles.label, joined, path.name)
    told_then = {role: preset.get(role) for role in ("text", "text_pair", "label")}
    named = told_then if column_kind(data.labels.problem).of_passages else {"label": options.label}
    kept = options.model_copy(
        update={role: name if name in table.column_names else None for role, name in named.items()}
    )
    kind, table, parts = _shaped(table, data, told(kept, source.roles, table.column_names), labelled)
    if "label" in parts:
        from tunebook.data.read import checked_file

        source = checked_file(source, kind, table, parts)
        refuse_lost_rows(source)
        table = source.table
    label = parts.get("label", data.roles.label)
    if labelled and label not in table.column_names:
        raise DataError("outside.column", key=str(path), value=label, allowed=" | ".join(table.column_names))
    if labelled and kind.of_words and "label" not in parts:
        raise DataError("data.no_marks", key=f"{path}: {label}")
    names = (parts.get("text", data.roles.text), parts.get("text_pair") or data.roles.text_pair)
    first, second = texts_of(table, names, path, source.roles)
    if len(first) < 2:
        raise DataError("outside.rows", key=str(path), value=len(first))
    texts = {"text": first, "pair": second}
    columns = {name: pa.array(column, pa.large_string()) for name, column in texts.items() if column is not None}
    others = {"label": label if labelled else None, "words": source.roles.get("words")}
    others[CHAT_COLUMN] = CHAT_COLUMN if holds_chats(table) else None
    columns |= {name: table[column] for name, column in others.items() if column is not None}
    passages = None
    if kind.of_passages and "label" in columns and columns["label"].type == JUDGED:
        rules = data.stats["cleaning"]["rules"]
        columns["label"], passages = numbered(columns["label"], source.corpus, rules, str(path))
    return External(_as_prepared(pa.table(columns), data, path, kind), passages, table, np.asarray(source.rows))


def _shaped(
    table: pa.Table, data: DataRef, options: DataOptions, labelled: bool
) -> tuple[ColumnKind, pa.Table, dict[str, Any]]:
    """The kind that reads the file's labels, and its table and parts: marked places are read in either form."""
    own = column_kind(data.labels.problem)
    others = [kind for kind in column_kinds().values() if own.of_words and kind.of_words and kind is not own]
    for kind in (own, *others):
        shaped = kind.shaped(table, options, labelled)
        if shaped is not None:
            return kind, *shaped
    return own, table, {}


def _options(data: DataRef) -> DataOptions:
    """What was said of labels when the book's rows were prepared."""
    preset = data.stats.get("preset") or {}
    said = {name: preset[name] for name in ("problem", "label_names", "scheme", "overlaps") if name in preset}
    if column_kind(data.labels.problem).of_chats:  # whose roles are columns that were made
        return asked_as(data, DataOptions(**said))
    return DataOptions(**said, label=data.roles.label)


def asked_as(data: DataRef, options: DataOptions) -> DataOptions:
    """The options with the task of a book of conversations, and the columns that these were made of."""
    preset = data.stats.get("preset") or {}
    columns = {role: getattr(options, role) or preset.get(role) for role in ("text", "label")}
    if data.task not in column_kind(data.labels.problem).of_chats:
        columns = {"text": data.roles.text, "label": data.roles.label}
    return options.model_copy(update={"task": data.task, "problem": data.labels.problem, **columns})


def _as_prepared(table: pa.Table, data: DataRef, path: Path, kind: ColumnKind) -> pa.Table:
    """Texts and labels as a file has them made into what prepared rows hold."""
    rules = data.stats["cleaning"]["rules"]
    for name in ("text", "pair"):
        if name in table.column_names:
            table, _ = cleaned_table(table, name, rules, ("label", "words") if name == kind.places_in else ())
    table = table.append_column("_id", pa.array([str(number) for number in range(table.num_rows)]))
    if "label" not in table.column_names:
        return table
    known, unknown = kind.known(table["label"], data)
    if unknown:
        allowed = " | ".join(data.labels.names[:20]) or "0.5"
        raise DataError("outside.label", key=str(path), value=unknown[0], allowed=allowed)
    words = kind.words(table["label"]) if kind is column_kind(data.labels.problem) else None
    table = table.set_column(table.column_names.index("label"), "label", known)
    return table if words is None else table.append_column("words", words)


def texts_with_words(
    data: DataRef,
    table: pa.Table,
    names: tuple[str, str | None],
    place: Path | str,
    known: Mapping[str, Any] | None = None,
    *,
    told: bool = False,
) -> tuple[tuple[list[str], list[str] | None], list[NDArray[np.int64]] | None]:
    """Texts and second texts as `texts_of` has them, and where the words of each are once the book's rules have cleaned
    it: start and end, shape (words, 2); None where the table says nothing of words.

    For a model of places the texts may also be lists of words.

    Raises:
        DataError: `predict.column`.
    """
    known = known or {}
    lists = column_kind(data.labels.problem).of_words and "words" not in known
    if lists and (not told or names[0] in table.column_names):
        table, known = joined_words(table, names[0]) or (table, known)
    texts = texts_of(table, names, place, known, told=told)
    if "words" not in known:
        return texts, None
    found = pa.table({"text": pa.array(texts[0], pa.large_string()), "words": table[known["words"]]})
    found, _ = cleaned_table(found, "text", data.stats["cleaning"]["rules"], ("words",))
    return texts, word_places(found["words"].combine_chunks())


def refuse_lost_rows(source: ReadFile) -> None:
    """Refuse a file with rows that cannot be read: whoever asks for answers counts on one for each row.

    What a tool's export marks as skipped or not labelled was read, and has no label.

    Raises:
        DataError: as `refuse_lost`.
    """
    refuse_lost(source.faults, source.path)


def refuse_lost(faults: Mapping[str, Mapping[int, str]], place: Path | str) -> None:
    """The same of faults alone: reason -> row number -> detail.

    Raises:
        DataError: `predict.rows`, or `predict.chats` of conversations.
    """
    lost = sorted({row for reason, rows in faults.items() if reason not in WANTED for row in rows})
    if lost:
        few = ", ".join(str(row) for row in lost[:5])
        reasons = "; ".join(say(f"ledger.{reason}") for reason in faults if reason not in WANTED)
        code = "predict.chats" if set(faults) & CHAT_REASONS else "predict.rows"
        raise DataError(code, key=str(place), value=len(lost), rows=few, reasons=reasons)


def texts_of(
    table: pa.Table,
    names: tuple[str, str | None],
    place: Path | str,
    known: Mapping[str, Any] | None = None,
    *,
    told: bool = False,
) -> tuple[list[str], list[str] | None]:
    """The texts and second texts of a file, as training reads them; "" where there is none.

    Args:
        names: of the columns; None for single texts. These may also be a plain list, whatever its heading.
        known: part -> column, as the file's format says, where there is no column of that name.
        told: whether the user named the column of texts, so that no other will do.

    Raises:
        DataError: `predict.column`.
    """
    alone = not told and len(table.column_names) == 1 and names[1] is None
    table = with_fields(table, names)
    text = names[0] if names[0] in table.column_names else ({} if told else known or {}).get("text", names[0])
    found = []
    for name in (table.column_names[0] if alone else text, names[1]):
        if name is not None and name not in table.column_names:
            raise DataError("predict.column", key=str(place), value=name, allowed=" | ".join(table.column_names))
        found.append(None if name is None else [text or "" for text in text_column(table[name]).to_pylist()])
    return found[0] or [], found[1]


__all__ = [
    "External",
    "asked_as",
    "external_rows",
    "external_table",
    "refuse_lost",
    "refuse_lost_rows",
    "rows_in",
    "texts_of",
    "texts_with_words",
]
