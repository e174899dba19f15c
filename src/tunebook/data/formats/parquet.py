"""Parquet files with words and tags, or with marked places; their schema may name numbered tags."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import ClassVar

import pyarrow as pa
from pyarrow import parquet

from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import find_span_columns, marked_rows
from tunebook.data.formats.tokens import find_words, tagged_rows
from tunebook.data.preview import Preview

_FILE = b"PAR1"
_SAMPLE = 200


class Parquet(Format):
    """Sentences in words with a tag for each, or texts with places; other Parquet files are ordinary tables."""

    title: ClassVar[str] = "Parquet"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """The first rows are such."""
        if preview.parts or not preview.data.startswith(_FILE):
            return False
        try:
            file = parquet.ParquetFile(io.BytesIO(preview.data))
            lists = any(pa.types.is_list(item.type) for item in file.schema_arrow)
            first = next(file.iter_batches(batch_size=_SAMPLE), None) if lists else None
        except (pa.ArrowException, OSError):
            return False  # told by who reads it as any table
        rows = [] if first is None else first.to_pylist()
        return find_words(rows, preview) is not None or find_span_columns(rows, preview) is not None

    def read(self, preview: Preview) -> Export:
        """A row a sentence or text."""
        export = marked_table(preview, parquet.ParquetFile(io.BytesIO(preview.data)).read())
        assert export is not None
        return export


def marked_table(preview: Preview, table: pa.Table) -> Export | None:
    """The rows of a table of words and tags, or of texts and places, whose schema goes on saying what it says; None for
    any other table."""
    sample = table.slice(0, _SAMPLE).to_pylist()
    read = tagged_rows if find_words(sample, preview) else marked_rows if find_span_columns(sample, preview) else None
    if read is None:
        return None
    export = read(preview, list(enumerate(table.to_pylist(), start=1)))
    return replace(export, table=export.table.replace_schema_metadata(table.schema.metadata))


__all__ = ["Parquet", "marked_table"]
