"""Rows of a file that is no part of a book's data, read and labelled as those are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.core.task import Rows
from tunebook.data.columns import text_column
from tunebook.data.fields import with_fields
from tunebook.data.kind import column_kind
from tunebook.data.label_columns import label_table
from tunebook.data.ledger import WANTED

if TYPE_CHECKING:
    from tunebook.data.read import Source


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

    roles, rules = data.roles, data.stats["cleaning"]["rules"]
    source = read(path, DataOptions(label=roles.label), labelled=labelled)
    refuse_lost_rows(source)
    told = (data.stats.get("preset") or {}).get("label_columns") or ()
    joined = told if labelled and told and set(told) <= set(source.table.column_names) else None
    table = label_table(source.table, roles.label, joined, path.name)
    if labelled and roles.label not in table.column_names:
        raise DataError("outside.column", key=str(path), value=roles.label, allowed=" | ".join(table.column_names))
    first, second = texts_of(table, (roles.text, roles.text_pair), path)
    texts = [clean_text(text, rules) for text in first]
    pairs = None if second is None else [clean_text(text, rules) for text in second]
    if len(texts) < 2:
        raise DataError("outside.rows", key=str(path), value=len(texts))
    targets = _targets(table[str(roles.label)], data, path) if labelled else None
    return Rows(texts, pairs, targets, [str(number) for number in range(len(texts))])


def _targets(column: pa.ChunkedArray, data: DataRef, path: Path) -> NDArray[Any]:
    kind, labels = column_kind(data.labels.problem), data.labels
    known, unknown = kind.known(column, data)
    if unknown:
        allowed = " | ".join(labels.names[:20]) or "0.5"
        raise DataError("outside.label", key=str(path), value=unknown[0], allowed=allowed)
    return kind.targets(pa.chunked_array([known]), labels)


def refuse_lost_rows(source: Source) -> None:
    """Refuse a file with rows that cannot be read: whoever asks for answers counts on one for each row.

    What a tool's export marks as skipped or not labelled was read, and has no label.

    Raises:
        DataError: `predict.rows`.
    """
    lost = sorted({row for reason, rows in source.faults.items() if reason not in WANTED for row in rows})
    if lost:
        shown = ", ".join(str(row) for row in lost[:5])
        raise DataError("predict.rows", key=str(source.path), value=len(lost), rows=shown)


def texts_of(table: pa.Table, names: tuple[str, str | None], place: Path | str) -> tuple[list[str], list[str] | None]:
    """The texts and second texts of a file, as training reads them; "" where there is none.

    Args:
        names: of the columns; None for single texts. These may also be a plain list, whatever its heading.

    Raises:
        DataError: `predict.column`.
    """
    alone = len(table.column_names) == 1 and names[1] is None
    table = with_fields(table, names)
    found = []
    for name in (table.column_names[0] if alone else names[0], names[1]):
        if name is not None and name not in table.column_names:
            raise DataError("predict.column", key=str(place), value=name, allowed=" | ".join(table.column_names))
        found.append(None if name is None else [text or "" for text in text_column(table[name]).to_pylist()])
    return found[0] or [], found[1]


__all__ = ["outside_rows", "refuse_lost_rows", "texts_of"]
