"""Folders of the library `datasets` (`save_to_disk`), and single Arrow files."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.formats.parquet import marked_table
from tunebook.data.given_split import KNOWN_SPLITS
from tunebook.data.label_columns import class_names
from tunebook.data.preview import Preview

_STATE, _DICT = "state.json", "dataset_dict.json"
_ENDS = (".arrow", ".feather")
_FILE = b"ARROW1"


class HuggingFace(Format):
    """A data set, or one for each split; the names of classes stand in the schema."""

    title: ClassVar[str] = "Hugging Face datasets"

    def fits(self, preview: Preview) -> bool:
        """The files that `save_to_disk` writes, or an Arrow file."""
        names = {part.name for part in preview.parts}
        return bool(names & {_STATE, _DICT}) or (not preview.parts and preview.suffix in _ENDS and not preview.blank)

    def read(self, preview: Preview) -> Export:
        """The rows; those of a folder of splits with a column that names the split.

        Raises:
            DataError: `format.splits`, a split is none of training, validation and test; `format.damaged`.
        """
        if not preview.parts:
            return _export(preview, _table(preview), {})
        parts = {part.name: part for part in preview.parts}
        if _DICT not in parts:
            return _export(preview, _folder(parts, "", preview), {})
        splits = [str(name) for name in json.loads(parts[_DICT].text)["splits"]]
        if not set(splits) <= set(KNOWN_SPLITS):
            raise DataError("format.splits", key=str(preview.path), tool=self.title, value=splits)
        tables = [_folder(parts, f"{split}/", preview) for split in splits]
        column = next(name for name in ("split", "_split_of_rows") if name not in tables[0].column_names)
        marked = [
            table.append_column(column, pa.array([split] * table.num_rows, pa.large_string()))
            for split, table in zip(splits, tables, strict=True)
        ]
        bare = [preview.labelled and _is_unlabelled(table) for table in tables]
        left = np.repeat(bare, [table.num_rows for table in tables])
        table = pa.concat_tables(marked, promote_options="permissive")
        return _export(preview, table, {"split_column": column}, left)


def _export(preview: Preview, table: pa.Table, roles: dict[str, str], left: NDArray[np.bool_] | None = None) -> Export:
    """The rows without those of splits that have no labels; words with tags and marked places as such."""
    found = marked_table(preview, table)
    if found is not None:
        return replace(found, roles=found.roles | roles)
    numbers = np.arange(1, table.num_rows + 1, dtype=np.int64)
    if left is None or not left.any():
        return Export(table, numbers, roles)
    faults = {"unlabelled": dict.fromkeys(numbers[left].tolist(), "")}
    return Export(table.filter(pa.array(~left)), numbers[~left], roles, faults)


def _is_unlabelled(table: pa.Table) -> bool:
    """Whether a column of named classes says -1 in every row, as test splits of competitions do."""
    columns = [table[name] for name in table.column_names if class_names(table.schema, name)]
    whole = [column for column in columns if pa.types.is_integer(column.type)]
    return any((pc.max(column).as_py() or 0) < 0 for column in whole)


def _folder(parts: dict[str, Preview], start: str, preview: Preview) -> pa.Table:
    """The table of a data set's folder: its Arrow files, in their order.

    Raises:
        DataError: `format.damaged`, a file is missing.
    """
    try:
        names = [item["filename"] for item in json.loads(parts[start + _STATE].text)["_data_files"]]
        return pa.concat_tables([_table(parts[start + name]) for name in names], promote_options="permissive")
    except (KeyError, ValueError, TypeError) as error:
        raise DataError("format.damaged", key=str(preview.path), tool=HuggingFace.title, reason=str(error)) from error


def _table(preview: Preview) -> pa.Table:
    """The table of an Arrow file, in either of its two forms."""
    read = pa.ipc.open_file if preview.data.startswith(_FILE) else pa.ipc.open_stream
    try:
        table = read(io.BytesIO(preview.data)).read_all()
        table.validate(full=True)  # bytes that are no characters are found here, not in the middle of the work
        return table
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise DataError("format.damaged", key=str(preview.path), tool=HuggingFace.title, reason=reason) from error


__all__ = ["HuggingFace"]
