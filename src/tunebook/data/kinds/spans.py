"""Marked places in texts, as annotation tools write them."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.kind import Labelled
from tunebook.data.options import DataOptions
from tunebook.data.span_columns import SPANS, column_of
from tunebook.data.span_kind import SpanKind


class Spans(SpanKind):
    """The kind `spans`: a file's column holds lists of start, end and label."""

    key: ClassVar[str] = "spans"

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, str]] | None:
        """As it is, where one of its columns holds such lists."""
        name = column_of(SPANS, table, told) if labelled else None
        return None if name is None else (table, {"label": name})

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """Names in one spelling, in their usual order."""
        if column.type != SPANS:
            raise DataError("data.no_marks", key=options.label or "label")
        return self._tidy(column.combine_chunks(), options)

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """With the names that the book gave."""
        return self._known(column.combine_chunks(), data)

    def words(self, column: pa.ChunkedArray) -> None:
        """Nobody said what the words are."""

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """None: whoever read the file has told what was put right."""
        return []


__all__ = ["Spans"]
