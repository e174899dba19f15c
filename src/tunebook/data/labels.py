"""Labels of rows: what kind they are, the names of the classes, and the labels in one spelling."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import Labels, Problem
from tunebook.data.columns import text_column
from tunebook.data.label_kind import find_kind, number_of, split_label
from tunebook.data.label_names import EMPTY, given_names, in_order, tidy_names
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

# Stands between the items of list columns: a private character that no label holds.
_JOINT = "\ue000"


@dataclass(frozen=True)
class Labelled:
    """Labels of a column.

    Attributes:
        labels: problem and names.
        column: the label of each row: string, list of strings or float64; null where `bad`.
        bad: reason -> places of rows whose label cannot be used.
        merged: label as written -> spelling that it was given, where the two differ.
        merged_rows: places of those rows.
        separator: what separated several labels of a row.
    """

    labels: Labels
    column: pa.Array
    bad: dict[str, Numbers]
    merged: dict[str, str] = field(default_factory=dict)
    merged_rows: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    separator: str | None = None


def find_labels(column: pa.ChunkedArray, options: DataOptions) -> Labelled:
    """Problem, names and tidy labels of a column as it was read.

    Raises:
        DataError: the labels are of one class only, of too many, not the kind that was told, or differ by case only
            where that is refused.
    """
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = _joined_lists(column)
        options = options.model_copy(update={"label_separator": _JOINT})
    words = pc.utf8_trim_whitespace(text_column(column)).combine_chunks()
    coded = words.dictionary_encode()
    written: list[str | None] = coded.dictionary.to_pylist()
    codes = pc.fill_null(coded.indices, -1).to_numpy().astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(written))
    empty = [place for place, label in enumerate(written) if label is None or label.lower() in EMPTY]
    codes[np.isin(codes, empty)] = -1
    usable = {
        label: int(counts[place]) for place, label in enumerate(written) if label is not None and place not in empty
    }
    if not usable:
        raise DataError("data.labels_empty", key=options.label or "label")
    bad = {"no_label": np.flatnonzero(codes < 0).astype(np.int64)}
    problem, separator = _kind(usable, options)
    if problem == "regression":
        return _numbers(written, codes, bad)
    return _classes(problem, separator, (written, codes, usable), bad, options)


def _joined_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists as one string each. An empty list says that none of the labels applies; a null says nothing."""
    texts = [
        None if row is None else _JOINT.join(str(item) for item in row if item is not None) or _JOINT
        for row in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def _kind(usable: dict[str, int], options: DataOptions) -> tuple[Problem, str | None]:
    if options.label_order is not None and options.problem in (None, "ordinal"):
        return "ordinal", None
    if options.problem == "ordinal":
        raise DataError("data.label_order", key="label_order", allowed=", ".join(in_order(usable)[:30]))
    if options.label_separator is not None and options.problem in (None, "multi_label"):
        return "multi_label", options.label_separator
    problem, separator = find_kind(usable)
    if options.problem == "multi_label":
        return "multi_label", separator if problem == "multi_label" else ","
    return options.problem or problem, separator


def _numbers(written: list[str | None], codes: NDArray[np.int64], bad: dict[str, Numbers]) -> Labelled:
    """Labels of a regression: what is no finite number is set aside."""
    values = np.array(
        [np.nan if w is None or number_of(w) is None else number_of(w) for w in written] + [np.nan], float
    )
    numbers = values[codes]
    wrong = np.flatnonzero(np.isnan(numbers) & (codes >= 0)).astype(np.int64)
    good = numbers[~np.isnan(numbers)]
    if not len(good):
        raise DataError("data.label_numbers", key="label", value=next((w for w in written if w), None))
    if good.min() == good.max():
        raise DataError("data.one_class", key="label", value=float(good.min()))
    labels = Labels(problem="regression", low=float(good.min()), high=float(good.max()))
    return Labelled(labels, pa.array(numbers, from_pandas=True), {**bad, "bad_number": wrong})


def _classes(
    problem: Problem,
    separator: str | None,
    coded: tuple[list[str | None], NDArray[np.int64], dict[str, int]],
    bad: dict[str, Numbers],
    options: DataOptions,
) -> Labelled:
    """Labels that are classes: tidy each distinct one, then spread to the rows by code."""
    written, codes, usable = coded
    several = problem == "multi_label"
    parts = {label: split_label(label, separator) if several else [label] for label in usable}
    counts: Counter[str] = Counter()
    for label, pieces in parts.items():
        for piece in pieces:
            counts[piece] += usable[label]
    tidy = tidy_names(counts, options.merge_label_case)
    named = given_names(set(tidy.values()), options.label_names) if options.label_names else {}
    final = {piece: named.get(name, name) for piece, name in tidy.items()}
    names = _ordered_names(set(final.values()), problem, options)
    _check_names(names, sum(usable.values()), problem, options)
    table: list[Any] = [None] * (len(written) + 1)
    for place, cell in enumerate(written):
        if cell in parts:
            mine = list(dict.fromkeys(final[piece] for piece in parts[cell]))
            table[place] = sorted(mine, key=names.index) if several else mine[0]
    kind = pa.list_(pa.string()) if several else pa.large_string()
    column = pa.array(table, kind).take(pa.array(np.where(codes < 0, len(written), codes)))
    spellings = Counter(tidy.values())
    merged = {piece: name for piece, name in tidy.items() if piece != name and spellings[name] > 1}
    touched = [place for place, label in enumerate(written) if label in parts and set(parts[label]) & set(merged)]
    rows = np.flatnonzero(np.isin(codes, touched)).astype(np.int64)
    return Labelled(_labels(problem, names), column, bad, merged, rows, separator)


def _labels(problem: Problem, names: list[str]) -> Labels:
    if problem == "ordinal":
        return Labels(problem=problem, names=names, low=0.0, high=float(len(names) - 1))
    return Labels(problem=problem, names=names)


def _ordered_names(names: set[str], problem: Problem, options: DataOptions) -> list[str]:
    if problem == "ordinal":
        order = options.label_order or []
        extra = in_order(names - set(order))
        if extra or len(set(order)) < max(2, len(order)):
            missing, allowed = ", ".join(extra[:10]) or "–", ", ".join(in_order(names)[:30])
            raise DataError("data.label_order_wrong", key="label_order", value=order, allowed=allowed, missing=missing)
        return list(order)
    if isinstance(options.label_names, list):
        return [name for name in dict.fromkeys(options.label_names) if name in names]
    return in_order(names)


def _check_names(names: list[str], rows: int, problem: Problem, options: DataOptions) -> None:
    if len(names) < 2:
        raise DataError("data.one_class", key="label", value=names[0] if names else None)
    numeric = [number_of(name) for name in names]
    alone = len(names) > 20 and rows < 2 * len(names)
    if len(names) > options.max_classes or alone:
        floats = any(number is not None and not number.is_integer() for number in numeric)
        code = "data.classes_many" if alone else "data.classes_limit"
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
