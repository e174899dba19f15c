"""Labels in cells of text: what kind they are, the names of the classes, and the labels in one spelling."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.kind import ColumnKind, Labelled, column_kind
from tunebook.data.label_cells import NOTHING, Form, form_of, label_parts, read_cell
from tunebook.data.label_kind import find_form
from tunebook.data.label_names import (
    EMPTY,
    absent_marks,
    check_names,
    given_names,
    in_order,
    is_sheet_error,
    known_name,
    tidy_names,
)
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa

# What a workbook writes for a carriage return in a cell.
_RETURN = "_x000D_"
Bad = dict[str, Numbers]


@dataclass(frozen=True)
class Cells:
    """A column by its distinct cells: what they are, the rows of those that are used, and the place of each row's cell;
    -1 for none."""

    written: list[str | None]
    codes: NDArray[np.int64]
    usable: dict[str, int]

    def at(self, labels: Collection[str]) -> NDArray[np.bool_]:
        """Whether each row's cell is one of these."""
        return np.isin(self.codes, [place for place, label in enumerate(self.written) if label in labels])


class CellKind(ColumnKind):
    """A kind whose labels are written in cells, one for each row."""

    @abstractmethod
    def tidy(self, cells: Cells, bad: Bad, form: Form, options: DataOptions) -> Labelled:
        """Names and tidy labels of cells that are written in this form.

        Raises:
            DataError: as `find`.
        """

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """None but for `pairs_for`: of what kind cells are hangs on what all of them say."""
        from tunebook.data.judged_columns import graded_pairs

        return graded_pairs(table, told) if labelled and told.task in self.pairs_for else None

    def words(self, column: pa.ChunkedArray) -> None:
        """None: cells say nothing of places."""

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """Read as this kind, which the options name."""
        return _find_cells(column, options, coded)

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The label, or several joined."""
        import pyarrow as pa  # here and below: a model that answers a text needs its kind, and no Arrow
        import pyarrow.compute as pc

        from tunebook.data.columns import text_column

        if pa.types.is_list(column.type):
            return pc.binary_join(column, "\x1f").cast(pa.large_string())
        return text_column(column)


class ClassKind(CellKind):
    """A kind whose labels are classes with names."""

    @abstractmethod
    def named(self, names: list[str], options: DataOptions) -> Labels:
        """Labels of these names, which come in the order of how they are written.

        Raises:
            DataError: `data.label_order_wrong`.
        """

    def tidy(self, cells: Cells, bad: Bad, form: Form, options: DataOptions) -> Labelled:
        """Tidy each distinct label, then spread to the rows by code."""
        written, codes, usable = cells.written, cells.codes, cells.usable
        parts = {label: label_parts(label, form) for label in usable}
        counts: Counter[str] = Counter()
        for label, pieces in parts.items():
            for piece in pieces:
                counts[piece] += usable[label]
        tidy = tidy_names(counts, options.merge_label_case)
        given = given_names(set(tidy.values()), options.label_names) if options.label_names else {}
        final = {piece: given.get(name, name) for piece, name in tidy.items()}
        # In the order of the labels as they are written: giving names moves no class.
        labels = self.named(list(dict.fromkeys(given.get(old, old) for old in in_order(tidy.values()))), options)
        check_names(labels.names, sum(usable.values()), options, counted=self.link == "softmax")
        order = {name: place for place, name in enumerate(labels.names)}
        table: list[Any] = [None] * (len(written) + 1)
        for place, cell in enumerate(written):
            if cell in parts:
                mine = list(dict.fromkeys(final[piece] for piece in parts[cell]))
                table[place] = sorted(mine, key=order.__getitem__) if form.several else mine[0]
        column = _column(table, form).take(np.where(codes < 0, len(written), codes))
        spellings = Counter(tidy.values())
        merged = {piece: name for piece, name in tidy.items() if piece != name and spellings[name] > 1}
        touched = [label for label in parts if set(parts[label]) & set(merged)]
        rows = np.flatnonzero(cells.at(touched)).astype(np.int64)
        return Labelled(labels, column, bad, form.facts, merged, rows)

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """Each cell's classes, by the names that the book gave them, each once and in its order."""
        form, order = form_of(data), {name: place for place, name in enumerate(data.labels.names)}
        named = [{known_name(part, data) for part in label_parts(word, form)} for word in trimmed(column)]
        cells = [sorted(names, key=lambda name: (order.get(name, len(order)), name)) for names in named]
        unknown = [name for names in cells for name in names if name not in order]
        return _column(cells if form.several else [names[0] for names in cells], form), unknown

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """Of names that may say that there is no label, or were a heading."""
        from tunebook.data.label_checks import class_warnings

        return class_warnings(labelled, column, options)


class OneClassKind(ClassKind):
    """A kind of which a row bears one class."""

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """Checked alone: a fresh head starts at chance."""
        refuse_one_class(column)
        return labels

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The column itself."""
        return column

    def said(self, target: Any, labels: Labels) -> str:
        """The name of the class."""
        return labels.names[int(target)]

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """The class."""
        return codes_of(column, labels)

    def vote(self, cell: str, data: DataRef) -> str:
        """The name of a class."""
        return known_name(label_parts(cell, form_of(data))[0], data)


def trimmed(column: pa.ChunkedArray) -> list[str]:
    """The cells of a column as text without spaces around it; "" for none."""
    import pyarrow.compute as pc

    from tunebook.data.columns import text_column

    return [word or "" for word in pc.utf8_trim_whitespace(text_column(column)).to_pylist()]


def codes_of(column: pa.Array | pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
    """The place of each class among the names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    codes = pc.index_in(column, pa.array(labels.names, column.type)).to_numpy()
    return np.asarray(codes, dtype=np.int64)


def rarest(rows: NDArray[np.int64], codes: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """The rarest of each row's classes, by rank; one more than there are for a row without any.

    Args:
        rows, codes: row and class of each label; shape: number of rows and of classes.
    """
    count, classes = shape
    rank = np.empty(classes, dtype=np.int64)
    rank[np.argsort(np.bincount(codes, minlength=classes), kind="stable")] = np.arange(classes)
    found = np.full(count, classes, dtype=np.int64)
    np.minimum.at(found, rows, rank[codes])
    return found


def refuse_one_class(flat: pa.ChunkedArray) -> None:
    """Refuse training rows that bear fewer than two classes.

    Raises:
        DataError: `data.one_class`.
    """
    import pyarrow.compute as pc

    if pc.count_distinct(flat).as_py() < 2:
        raise DataError("data.one_class", key="label", value=pc.unique(flat).to_pylist())


def in_given_order(names: list[str], options: DataOptions) -> list[str]:
    """Names of classes in the order in which the user listed them, where there is such a list."""
    given = options.label_names
    return [name for name in dict.fromkeys(given) if name in names] if isinstance(given, list) else names


def _column(labels: Sequence[Any], form: Form) -> pa.Array:
    """Labels as prepared rows hold them: names, or lists of names."""
    import pyarrow as pa

    return pa.array(labels, pa.list_(pa.string()) if form.several else pa.large_string())


def find_labels(column: pa.ChunkedArray, options: DataOptions, coded: bool = False) -> Labelled:
    """Kind, names and tidy labels of a column as it was read.

    Args:
        coded: the file says that the labels are numbers of named classes.

    Raises:
        DataError: the labels are of one class only, of too many, not the kind that was told, of a kind that is unclear,
            or differ by case only where that is refused.
    """
    if options.problem is None:
        return _find_cells(column, options, coded)
    return column_kind(options.problem).find(column, options, coded)


def _find_cells(column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
    """The labels of cells, of the kind that is told or found.

    Raises:
        DataError: `data.label_spans`, and as `find_labels`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from tunebook.data.columns import text_column

    words = pc.utf8_trim_whitespace(pc.replace_substring(text_column(column), _RETURN, "")).combine_chunks()
    if pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
        name, rows = options.label or "label", len(words) - words.null_count
        raise DataError("data.label_spans", key=name, value=words.drop_null()[0].as_py(), rows=rows, read=len(words))
    arrow = words.dictionary_encode()
    written: list[str | None] = arrow.dictionary.to_pylist()
    codes = pc.fill_null(arrow.indices, -1).to_numpy().astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(written))
    rows = {label: int(counts[place]) for place, label in enumerate(written) if label is not None}
    usable = {label: count for label, count in rows.items() if label.lower() not in EMPTY}
    found = Cells(written, codes, usable)
    bad = {"no_label": np.flatnonzero((codes < 0) | found.at(set(rows) - set(usable))).astype(np.int64)}
    failed = [label for label in usable if is_sheet_error(label)]
    marks = absent_marks(usable, options.no_label, coded)
    for reason, labels in (("label_error", failed), ("unlabelled", marks)):
        bad[reason] = np.flatnonzero(found.at(labels)).astype(np.int64)
    form = _form({label: count for label, count in usable.items() if label not in {*failed, *marks}}, options)
    # Where each row has one label, an empty list is none.
    lost = {*failed, *marks}
    empty = [] if form.several else [label for label in usable if label not in lost and read_cell(label) == NOTHING]
    bad["unlabelled"] = np.union1d(bad["unlabelled"], np.flatnonzero(found.at(empty))).astype(np.int64)
    codes[np.concatenate(list(bad.values()))] = -1
    found = replace(found, usable={label: count for label, count in usable.items() if label not in {*lost, *empty}})
    kind = column_kind(form.problem)
    assert isinstance(kind, CellKind)
    labelled = kind.tidy(found, bad, form, options)
    aside = {label: usable[label] for label in [*marks, *empty]}
    return replace(labelled, counts=found.usable, marks=aside, failed={label: usable[label] for label in failed})


def _form(usable: dict[str, int], options: DataOptions) -> Form:
    """How the cells are written."""
    if not usable:
        raise DataError("data.labels_empty", key=options.label or "label")
    if options.label_order is not None and options.problem in (None, "ordinal"):
        return Form("ordinal")
    if options.problem == "ordinal":
        raise DataError("data.label_order", key="label_order", allowed=", ".join(in_order(usable)[:30]))
    return find_form(usable, options)


__all__ = [
    "Bad", "CellKind", "Cells", "ClassKind", "OneClassKind", "codes_of", "find_labels", "in_given_order",
    "rarest", "refuse_one_class", "trimmed",
]  # fmt: skip
