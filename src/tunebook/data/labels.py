"""Labels of rows: what kind they are, the names of the classes, and the labels in one spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import Labels, Problem
from tunebook.data.columns import text_column
from tunebook.data.label_cells import NOTHING, read_cell
from tunebook.data.label_form import Form, label_number, label_parts, number_of
from tunebook.data.label_kind import find_form
from tunebook.data.label_looks import EMPTY, absent_marks, is_sheet_error
from tunebook.data.label_names import given_names, in_order, tidy_names
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

# What a workbook writes for a carriage return in a cell.
_RETURN = "_x000D_"


@dataclass(frozen=True)
class Labelled:
    """Labels of a column.

    Attributes:
        labels: problem and names.
        column: the label of each row: string, list of strings or float64; null where `bad`.
        bad: reason -> places of rows whose label cannot be used.
        form: how the labels were written.
        merged: label as written -> spelling that it was given, where the two differ.
        merged_rows: places of those rows.
        counts: label as written -> rows, of all that were used.
        marks: label that says that a row was not labelled -> rows; failed: error of a spreadsheet -> rows.
    """

    labels: Labels
    column: pa.Array
    bad: dict[str, Numbers]
    form: Form
    merged: dict[str, str] = field(default_factory=dict)
    merged_rows: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    counts: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Coded:
    """A column by its distinct cells: what they are, their rows, and the place of each row's cell; -1 for none."""

    written: list[str | None]
    codes: NDArray[np.int64]
    usable: dict[str, int]


def find_labels(column: pa.ChunkedArray, options: DataOptions, coded: bool = False) -> Labelled:
    """Problem, names and tidy labels of a column as it was read.

    Args:
        coded: the file says that the labels are numbers of named classes.

    Raises:
        DataError: the labels are of one class only, of too many, not the kind that was told, of a kind that is unclear,
            or differ by case only where that is refused.
    """
    words = pc.utf8_trim_whitespace(pc.replace_substring(text_column(column), _RETURN, "")).combine_chunks()
    arrow = words.dictionary_encode()
    written: list[str | None] = arrow.dictionary.to_pylist()
    codes = pc.fill_null(arrow.indices, -1).to_numpy().astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(written))
    rows = {label: int(counts[place]) for place, label in enumerate(written) if label is not None}
    usable = {label: count for label, count in rows.items() if label.lower() not in EMPTY}
    found = _Coded(written, codes, usable)
    bad = {"no_label": np.flatnonzero((codes < 0) | _at(found, set(rows) - set(usable))).astype(np.int64)}
    failed = [label for label in usable if is_sheet_error(label)]
    marks = absent_marks(usable, options.no_label, coded)
    for reason, labels in (("label_error", failed), ("unlabelled", marks)):
        bad[reason] = np.flatnonzero(_at(found, labels)).astype(np.int64)
    form, empty = _form({label: count for label, count in usable.items() if label not in {*failed, *marks}}, options)
    bad["unlabelled"] = np.union1d(bad["unlabelled"], np.flatnonzero(_at(found, empty))).astype(np.int64)
    if form.problem == "regression" and options.no_label is None:
        bad["bad_number"], bad["unlabelled"] = bad["unlabelled"], bad["unlabelled"][:0]  # a number that is missing
    lost = {*failed, *marks, *empty}
    codes[np.concatenate(list(bad.values()))] = -1
    found = replace(found, usable={label: count for label, count in usable.items() if label not in lost})
    labelled = _numbers(found, bad, form) if form.problem == "regression" else _classes(found, bad, form, options)
    aside = {label: usable[label] for label in [*marks, *empty]}
    return replace(labelled, counts=found.usable, marks=aside, failed={label: usable[label] for label in failed})


def _at(coded: _Coded, labels: Collection[str]) -> NDArray[np.bool_]:
    """Whether each row's cell is one of these."""
    return np.isin(coded.codes, [place for place, label in enumerate(coded.written) if label in labels])


def _form(usable: dict[str, int], options: DataOptions) -> tuple[Form, list[str]]:
    """How the cells are written, and those that are empty lists where each row has one label."""
    if not usable:
        raise DataError("data.labels_empty", key=options.label or "label")
    if options.label_order is not None and options.problem in (None, "ordinal"):
        form = Form("ordinal")
    elif options.problem == "ordinal":
        raise DataError("data.label_order", key="label_order", allowed=", ".join(in_order(usable)[:30]))
    else:
        form = find_form(usable, options)
    if form.problem == "multi_label":
        return form, []
    return form, [label for label in usable if read_cell(label) == NOTHING]


def _numbers(coded: _Coded, bad: dict[str, Numbers], form: Form) -> Labelled:
    """Labels of a regression: what is no finite number is set aside."""
    read = [None if word is None else label_number(word, form) for word in coded.written]
    values = np.array([np.nan if number is None else number for number in read] + [np.nan], float)
    numbers = values[coded.codes]
    wrong = np.flatnonzero(np.isnan(numbers) & (coded.codes >= 0)).astype(np.int64)
    good = numbers[~np.isnan(numbers)]
    if not len(good):
        raise DataError("data.label_numbers", key="label", value=next(iter(coded.usable), None))
    if good.min() == good.max():
        raise DataError("data.one_class", key="label", value=float(good.min()))
    labels = Labels(problem="regression", low=float(good.min()), high=float(good.max()))
    return Labelled(
        labels,
        pa.array(numbers, from_pandas=True),
        {**bad, "bad_number": np.union1d(wrong, bad.get("bad_number", wrong))},
        form,
    )


def _classes(coded: _Coded, bad: dict[str, Numbers], form: Form, options: DataOptions) -> Labelled:
    """Labels that are classes: tidy each distinct one, then spread to the rows by code."""
    written, codes, usable = coded.written, coded.codes, coded.usable
    several = form.problem == "multi_label"
    parts = {label: label_parts(label, form) for label in usable}
    counts: Counter[str] = Counter()
    for label, pieces in parts.items():
        for piece in pieces:
            counts[piece] += usable[label]
    tidy = tidy_names(counts, options.merge_label_case)
    named = given_names(set(tidy.values()), options.label_names) if options.label_names else {}
    final = {piece: named.get(name, name) for piece, name in tidy.items()}
    names = _ordered_names(tidy, named, form.problem, options)
    _check_names(names, sum(usable.values()), form.problem, options)
    order = {name: place for place, name in enumerate(names)}
    table: list[Any] = [None] * (len(written) + 1)
    for place, cell in enumerate(written):
        if cell in parts:
            mine = list(dict.fromkeys(final[piece] for piece in parts[cell]))
            table[place] = sorted(mine, key=order.__getitem__) if several else mine[0]
    kind = pa.list_(pa.string()) if several else pa.large_string()
    column = pa.array(table, kind).take(pa.array(np.where(codes < 0, len(written), codes)))
    spellings = Counter(tidy.values())
    merged = {piece: name for piece, name in tidy.items() if piece != name and spellings[name] > 1}
    touched = [label for label in parts if set(parts[label]) & set(merged)]
    rows = np.flatnonzero(_at(coded, touched)).astype(np.int64)
    return Labelled(_labels(form.problem, names), column, bad, form, merged, rows)


def _labels(problem: Problem, names: list[str]) -> Labels:
    if problem == "ordinal":
        return Labels(problem=problem, names=names, low=0.0, high=float(len(names) - 1))
    return Labels(problem=problem, names=names)


def _ordered_names(tidy: Mapping[str, str], named: Mapping[str, str], problem: str, options: DataOptions) -> list[str]:
    """The names in the order of the labels as they are written: giving names moves no class."""
    old = in_order(tidy.values())
    names = list(dict.fromkeys(named.get(label, label) for label in old))
    if problem == "ordinal":
        order = options.label_order or []
        extra = in_order(set(names) - set(order))
        if extra or len(set(order)) < max(2, len(order)):
            missing, allowed = ", ".join(extra[:10]) or "–", ", ".join(in_order(names)[:30])
            raise DataError("data.label_order_wrong", key="label_order", value=order, allowed=allowed, missing=missing)
        return list(order)
    if isinstance(options.label_names, list):
        return [name for name in dict.fromkeys(options.label_names) if name in names]
    return names


def _check_names(names: list[str], rows: int, problem: str, options: DataOptions) -> None:
    if len(names) < 2:
        raise DataError("data.one_class", key="label", value=names[0] if names else None)
    numeric = [number_of(name) for name in names]
    alone = len(names) > 20 and rows < 2 * len(names)
    if len(names) > options.max_classes or alone:
        floats = any(number is not None and not number.is_integer() for number in numeric)
        code = "data.classes_many" if alone else "data.classes_limit"
        code = "data.label_amounts" if alone and None not in numeric else code
        code = "data.label_floats" if floats and problem == "single_label" else code
        raise DataError(code, key="label", value=names[:3], classes=len(names), rows=rows, limit=options.max_classes)


def class_counts(column: pa.Array | pa.ChunkedArray, labels: Labels) -> dict[str, int]:
    """Name -> number of rows that bear it, every class in its order; empty for a regression."""
    if labels.problem == "regression":
        return {}
    flat = pc.list_flatten(column) if labels.problem == "multi_label" else column
    found = {item["values"]: item["counts"] for item in pc.value_counts(flat).to_pylist()}
    return {name: int(found.get(name, 0)) for name in labels.names}


__all__ = ["Labelled", "class_counts", "find_labels"]
