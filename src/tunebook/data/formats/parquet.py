"""Parquet files with a list of words and a list of tags in each row; their schema may name numbered tags."""

from __future__ import annotations

import io
from typing import ClassVar

import pyarrow as pa
from pyarrow import parquet

from tunebook.data.exports import Export, Format
from tunebook.data.formats.tokens import find_words, tagged_table
from tunebook.data.look import Look

_FILE = b"PAR1"
_SAMPLE = 200


class Parquet(Format):
    """Sentences in words, with a tag for each; other Parquet files are ordinary tables."""

    title: ClassVar[str] = "Parquet"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """The first rows, of columns that are lists, are such."""
        if look.parts or not look.data.startswith(_FILE):
            return False
        try:
            file = parquet.ParquetFile(io.BytesIO(look.data))
            lists = [item.name for item in file.schema_arrow if pa.types.is_list(item.type)]
            first = next(file.iter_batches(batch_size=_SAMPLE, columns=lists), None) if len(lists) > 1 else None
        except (pa.ArrowException, OSError):
            return False  # told by who reads it as any table
        return first is not None and find_words(first.to_pylist(), look) is not None

    def read(self, look: Look) -> Export:
        """A row a sentence."""
        return tagged_table(look, parquet.ParquetFile(io.BytesIO(look.data)).read())


__all__ = ["Parquet"]
