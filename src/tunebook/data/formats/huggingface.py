"""Folders of the library `datasets` (`save_to_disk`), and single Arrow files."""

from __future__ import annotations

import io
import json
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_STATE, _DICT = "state.json", "dataset_dict.json"
_ENDS = (".arrow", ".feather")
_FILE = b"ARROW1"


class HuggingFace(Format):
    """A data set, or one for each split; the names of classes stand in the schema."""

    title: ClassVar[str] = "Hugging Face datasets"

    def fits(self, look: Look) -> bool:
        """The files that `save_to_disk` writes, or an Arrow file."""
        names = {part.name for part in look.parts}
        return bool(names & {_STATE, _DICT}) or (not look.parts and look.suffix in _ENDS and not look.blank)

    def read(self, look: Look) -> Export:
        """The rows; those of a folder of splits with their split."""
        if not look.parts:
            return _export([(None, _table(look))])
        parts = {part.name: part for part in look.parts}
        if _DICT in parts:
            splits = [str(name) for name in json.loads(parts[_DICT].text)["splits"]]
            return _export([(split, _folder(parts, f"{split}/", look)) for split in splits])
        return _export([(None, _folder(parts, "", look))])


def _export(tables: list[tuple[str | None, pa.Table]]) -> Export:
    marked = [table if split is None else _marked(table, split) for split, table in tables]
    table = pa.concat_tables(marked, promote_options="permissive")
    return Export(table, np.arange(1, table.num_rows + 1, dtype=np.int64))


def _marked(table: pa.Table, split: str) -> pa.Table:
    return table.append_column("split", pa.array([split] * table.num_rows, pa.large_string()))


def _folder(parts: dict[str, Look], start: str, look: Look) -> pa.Table:
    """The table of a data set's folder: its Arrow files, in their order.

    Raises:
        DataError: `format.damaged`, a file is missing.
    """
    try:
        names = [item["filename"] for item in json.loads(parts[start + _STATE].text)["_data_files"]]
        return pa.concat_tables([_table(parts[start + name]) for name in names], promote_options="permissive")
    except (KeyError, ValueError, TypeError) as error:
        raise DataError("format.damaged", key=str(look.path), tool=HuggingFace.title, reason=str(error)) from error


def _table(look: Look) -> pa.Table:
    """The table of an Arrow file, in either of its two forms."""
    read = pa.ipc.open_file if look.data.startswith(_FILE) else pa.ipc.open_stream
    try:
        table = read(io.BytesIO(look.data)).read_all()
        table.validate(full=True)  # bytes that are no characters are found here, not in the middle of the work
        return table
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise DataError("format.damaged", key=str(look.path), tool=HuggingFace.title, reason=reason) from error


__all__ = ["HuggingFace"]
