"""Rows of a file that is no part of a book's data, read and labelled as those are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.task import Rows
from tunebook.data.label_kind import number_of, split_label
from tunebook.data.label_names import known_name

if TYPE_CHECKING:
    from tunebook.data.read import Source

Array = NDArray[Any]


def outside_rows(data: DataRef, path: Path, *, labelled: bool = True) -> Rows:
    """The rows of a file, with texts and labels under the book's column names and labels as in the book's data.

    Args:
        labelled: False reads the texts alone.

    Raises:
        DataError: a row cannot be read, a column is missing, `outside.label` for a label that the book lacks.
    """
    from tunebook.data.clean import clean_text
    from tunebook.data.options import DataOptions
    from tunebook.data.read import read

    source = read(path, DataOptions())
    refuse_lost_rows(source)
    columns = source.table.to_pydict()
    roles, rules = data.roles, data.stats["cleaning"]["rules"]
    if labelled and roles.label not in columns:
        raise DataError("outside.column", key=str(path), value=roles.label, allowed=" | ".join(columns))
    texts = [clean_text(text, rules) for text in text_of(columns, roles.text, path)]
    pairs = [clean_text(text, rules) for text in text_of(columns, roles.text_pair, path)] if roles.text_pair else None
    if len(texts) < 2:
        raise DataError("outside.rows", key=str(path), value=len(texts))
    targets = _targets(columns[str(roles.label)], data, path) if labelled else None
    return Rows(texts, pairs, targets, [str(number) for number in range(len(texts))])


def _targets(column: Sequence[Any], data: DataRef, path: Path) -> Array:
    labels = data.labels
    if labels.problem == "regression":
        numbers = [number_of(str(cell).strip()) for cell in column]
        _refuse([str(cell) for cell, number in zip(column, numbers, strict=True) if number is None], path, labels)
        return np.array(numbers, dtype=np.float32)
    several = labels.problem == "multi_label"
    cells = [_names(cell, data) if several else [known_name(str(cell), data)] for cell in column]
    _refuse([name for names in cells for name in names if name not in labels.names], path, labels)
    if not several:
        codes = [labels.names.index(names[0]) for names in cells]
        return np.array(codes, dtype=np.int64 if labels.problem == "single_label" else np.float32)
    targets = np.zeros((len(cells), len(labels.names)), dtype=np.float32)
    for row, names in enumerate(cells):
        targets[row, [labels.names.index(name) for name in names]] = 1.0
    return targets


def _names(cell: Any, data: DataRef) -> list[str]:
    """Labels of a cell that may hold several."""
    parts = cell if isinstance(cell, list) else split_label(str(cell or ""), data.stats.get("separator"))
    return [known_name(str(part), data) for part in parts if str(part).strip()]


def _refuse(unknown: Sequence[str], path: Path, labels: Labels) -> None:
    if unknown:
        allowed = " | ".join(labels.names[:20]) or "0.5"
        raise DataError("outside.label", key=str(path), value=unknown[0], allowed=allowed)


def refuse_lost_rows(source: Source) -> None:
    """Refuse a file with rows that cannot be read: whoever asks for answers counts on one for each row.

    Raises:
        DataError: `predict.rows`.
    """
    lost = sorted({row for rows in source.faults.values() for row in rows})
    if lost:
        shown = ", ".join(str(row) for row in lost[:5])
        raise DataError("predict.rows", key=str(source.path), value=len(lost), rows=shown)


def text_of(columns: dict[str, list[Any]], name: str, path: Path) -> list[str]:
    """The texts of a column of a file.

    Raises:
        DataError: `predict.column`.
    """
    if name not in columns and len(columns) == 1:
        name = next(iter(columns))  # a plain list of texts, whatever its heading
    if name not in columns:
        raise DataError("predict.column", key=str(path), value=name, allowed=" | ".join(columns))
    return ["" if value is None else str(value) for value in columns[name]]


__all__ = ["outside_rows", "refuse_lost_rows", "text_of"]
