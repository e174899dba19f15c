"""Columns that a sheet has spoilt: formulas without values, classes that became dates, labels once for many rows."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.core.nouns import Roles
from tunebook.data.columns import text_column
from tunebook.data.label_names import looks_like_date
from tunebook.data.options import DataOptions
from tunebook.data.read import ReadFile

# Formats whose cells may have been through a program for sheets.
_SHEETS = ("csv", "tsv", "txt", "xlsx")


def refuse_spoilt(source: ReadFile, roles: Roles, options: DataOptions, name: str) -> None:
    """Refuse a file whose text or label column does not hold what its author wrote.

    Raises:
        DataError: `data.formulas`, `data.label_dates`, `data.blocks`.
    """
    lost = next((column for column in (roles.text, roles.text_pair, roles.label) if column in source.lost), None)
    if lost is not None:
        raise DataError("data.formulas", key=lost, file=name, cells=source.notes.get("formulas", ""))
    if roles.label is None or pa.types.is_nested(source.table[roles.label].type):
        return
    words = pc.fill_null(pc.utf8_trim_whitespace(text_column(source.table[roles.label])), "")
    counts = {item["values"]: item["counts"] for item in pc.value_counts(words).to_pylist()}
    empty = counts.pop("", 0)
    dates = sorted(word for word, rows in counts.items() if rows > 1 and looks_like_date(word))
    if dates and not options.label_names and source.notes.get("format") in _SHEETS:
        example, classes = _renamed(dates[0]), sorted(counts)
        raise DataError(
            "data.label_dates", key=roles.label, value=dates[:3], file=name, example=example, classes=classes
        )
    if empty > len(words) / 2 and words[0].as_py() and len(counts) > 1 and set(counts.values()) == {1}:
        raise DataError("data.blocks", key=roles.label, file=name, count=len(counts), rows=len(words))


def _renamed(date: str) -> str:
    """How to name a class that became a date: what was typed, as far as the date tells."""
    day, month = date[8:10].lstrip("0"), date[5:7].lstrip("0")
    return f'--label-name "{date}={day}-{month}"' if date[:4].isdigit() else f'--label-name "{date}=..."'


def filled_down(table: pa.Table, names: list[str]) -> pa.Table:
    """Columns in which an empty cell means what stands above it."""
    for name in names:
        words = text_column(table[name]).combine_chunks()
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(words), ""), True)
        filled = pc.fill_null_forward(pc.if_else(blank, pa.scalar(None, pa.large_string()), words))
        table = table.set_column(table.column_names.index(name), name, filled)
    return table


__all__ = ["filled_down", "refuse_spoilt"]
