"""What is refused of labels beside their rows, and what is warned of."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.core.nouns import SPLITS, Roles
from tunebook.data.cells import as_text
from tunebook.data.columns import text_column
from tunebook.data.describe import warning
from tunebook.data.draft import Draft
from tunebook.data.gather import GIVEN
from tunebook.data.kind import Labelled, column_kind
from tunebook.data.label_cells import NOTHING, form_in, label_number, number_of, read_cell
from tunebook.data.label_kind import examples, find_joints, total
from tunebook.data.label_names import is_absent
from tunebook.data.names import ANSWER, LABEL, plain
from tunebook.data.options import DataOptions

_SAMPLE = 2000
_TAGGED = 0.95
_FEW = 3
_TAG = re.compile(r"[BIESLUM]-\S+")
_END = re.compile(r"(?:grand |sub)?total|sum|average|mean|count|n|合计|总计|小计|平均|平均值", re.I)
_LEFT = {"reject": "rejected", "ignore": "skipped", "skip": "skipped"}


def accepted_draft(draft: Draft) -> tuple[Draft, list[dict[str, Any]]]:
    """Without rows that an annotator rejected or skipped, where a column says so in the words of Prodigy."""
    if ANSWER not in draft.table.column_names:
        return draft, []
    words = pc.utf8_lower(pc.utf8_trim_whitespace(text_column(draft.table[ANSWER])))
    found = set(words.to_pylist())
    if not {"accept"} < found or not found <= {"accept", *_LEFT}:
        return draft, []
    told = warning("not_accepted", count=pc.sum(pc.not_equal(words, "accept")).as_py(), column=ANSWER)
    for word, reason in _LEFT.items():
        lost = np.flatnonzero(pc.equal(words, word).to_numpy())
        draft, words = draft.drop(reason, lost), words.filter(pc.not_equal(words, word))
    return draft, [told]


def refuse_tags(draft: Draft, roles: Roles, options: DataOptions) -> None:
    """Refuse labels that are as many as the words of their text, row by row, or as the items of another list; and
    tags of single words, such as B-LOC and O.

    Raises:
        DataError: `data.label_tags`.
    """
    if options.problem is not None or options.label_separator is not None or roles.label is None:
        return
    table = draft.table.slice(0, _SAMPLE)
    tagged = _tagged_words(table, roles)
    if tagged:
        raise DataError("data.label_tags", key=roles.label, rows=tagged, read=table.num_rows)
    counts = [_items(cell) for cell in table[roles.label].to_pylist()]
    many = [place for place, count in enumerate(counts) if count > 1]
    if len(many) < max(_FEW, len(counts) / 2) or len({counts[place] for place in many}) < 2:
        return
    lists = [name for name in table.column_names if name != roles.label and pa.types.is_list(table[name].type)]
    beside = [[_items(cell) for cell in table[name].to_pylist()] for name in lists]
    texts = table[roles.text].to_pylist()
    for words in (*beside, [len(text.split()) for text in texts], [len("".join(text.split())) for text in texts]):
        same = sum(1 for place in many if words[place] == counts[place])
        if same >= _TAGGED * len(many):
            raise DataError("data.label_tags", key=roles.label, rows=same, read=len(counts))


def _tagged_words(table: pa.Table, roles: Roles) -> int:
    """Rows, where each holds a word and its tag, or a list of tags, as BIO and its kin write them; else 0."""
    cells = [read_cell(cell) for cell in text_column(table[roles.label]).unique().to_pylist() if cell]
    tags = {tag for cell in cells for tag in cell.parts}
    if "O" not in tags or len(tags) < 2 or not all(tag == "O" or _TAG.fullmatch(tag) for tag in tags):
        return 0
    if all(cell.shape == "list" for cell in cells):
        return int(table.num_rows)
    single = sum(1 for text in table[roles.text].to_pylist() if len((as_text(text) or "").split()) == 1)
    return table.num_rows if single >= _TAGGED * table.num_rows else 0


def _items(cell: Any) -> int:
    """How many labels a cell holds, repeated ones counted each time."""
    text = (as_text(cell) or "").strip()
    read = read_cell(text)
    return len(text.split()) if read.shape == "word" else len(read.parts)


def refuse_unknown(draft: Draft, labelled: Labelled) -> None:
    """Refuse a given split with no label that a training row has.

    Raises:
        DataError: `data.split_unknown`.
    """
    if not labelled.labels.names:
        return
    given = draft.numbers(GIVEN)
    known = _names(labelled, given == 0)
    for part in (1, 2):
        there = given == part
        if there.any() and not _names(labelled, there) & known:
            found = ", ".join(sorted(_names(labelled, there))[:_FEW]) or ", ".join(labelled.marks) or "–"
            allowed, split = ", ".join(sorted(known)[:10]), say(f"split.{SPLITS[part]}")
            raise DataError("data.split_unknown", key=SPLITS[part], value=found, allowed=allowed, split=split)


def _names(labelled: Labelled, rows: Any) -> set[str]:
    flat = column_kind(labelled.labels.problem).borne(labelled.column.filter(pa.array(rows)))
    return set(pc.unique(pc.drop_null(flat)).to_pylist())


def class_warnings(labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
    """What is unusual about the labels of a column that are classes."""
    counts, found = labelled.counts, _errors(labelled)
    form = form_in(labelled.labels.problem, labelled.facts)
    if labelled.marks:
        found.append(warning("unlabelled", **_shown(labelled.marks)))
    absent = {label: rows for label, rows in counts.items() if is_absent(label)} if options.no_label is None else {}
    if absent:
        found.append(warning("absent_class", **_shown(absent), names=",".join(absent)))
    ones = {label: rows for label, rows in counts.items() if number_of(label) == -1}
    if ones and min(number_of(label) or 0 for label in counts) == -1:
        found.append(warning("minus_one", count=total(ones)))
    nothing = {label: rows for label, rows in counts.items() if read_cell(label) == NOTHING}
    if nothing and not form.positions:
        found.append(warning("empty_lists", count=total(nothing)))
    if form.positions and options.label_names is None:
        found.append(warning("positions", names=", ".join(labelled.labels.names[:8])))
    single = labelled.labels.kind.link == "softmax"
    joints = find_joints(counts) if single and options.problem is None else None
    if joints is not None:
        joined = {label: counts[label] for label in joints.joined}
        shown = {"labels": examples(joined), "separator": repr(joints.separator)}
        found.append(warning("label_joints", count=len(joined), **shown))
    return [*found, *_headings(counts, column)]


def _errors(labelled: Labelled) -> list[dict[str, Any]]:
    return [warning("label_error", **_shown(labelled.failed))] if labelled.failed else []


def number_warnings(labelled: Labelled) -> list[dict[str, Any]]:
    """What is unusual about the labels of a column that are numbers."""
    found, form = _errors(labelled), form_in(labelled.labels.problem, labelled.facts)
    if form.decimal == ",":
        found.append(warning("decimal_comma", examples=examples(labelled.counts)))
    wrong = {label: rows for label, rows in labelled.counts.items() if label_number(label, form) is None}
    wrong |= labelled.marks
    return [*found, warning("bad_numbers", **_shown(wrong))] if wrong else found


def _headings(counts: dict[str, int], column: str) -> list[dict[str, Any]]:
    """Rare classes that bear the name of the column, or of the last row of a table."""
    ends = {
        label: rows
        for label, rows in counts.items()
        if rows <= _FEW and (plain(label) in {plain(column), *LABEL} or _END.fullmatch(label.strip(" :：")))
    }
    return [warning("label_heading", **_shown(ends))] if ends else []


def _shown(labels: dict[str, int]) -> dict[str, Any]:
    """Their rows and the most frequent of them, for a warning."""
    return {"count": total(labels), "labels": examples(labels)}


__all__ = ["accepted_draft", "class_warnings", "number_warnings", "refuse_tags", "refuse_unknown"]
