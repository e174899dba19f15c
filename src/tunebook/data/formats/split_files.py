"""A folder or a package with a file for each split: `train.csv`, `test.csv`, as competitions give them out."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tunebook.core.nouns import Split
from tunebook.data.exports import Export, Format
from tunebook.data.given_split import split_of
from tunebook.data.preview import Preview
from tunebook.data.read import ReadFile, read_part

_ENDS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".xlsx")


class SplitFiles(Format):
    """Rows of every file whose name says a split, with that split in a column of its own."""

    title: ClassVar[str] = "train / test"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """One file for each of at least two splits, all of one kind, and one of them to train on."""
        parts = _parts(preview)
        kinds = {_path(part).suffix.lower() for part in parts.values()}
        named = sum(_split(part) is not None for part in preview.parts)
        return len(parts) > 1 and "train" in parts and len(kinds) == 1 and named == len(parts)

    def read(self, preview: Preview) -> Export:
        """The rows, numbered through; a file that lacks a column of the training rows, such as the label, is left."""
        sources = {split: read_part(part) for split, part in _parts(preview).items()}
        train = sources["train"]
        taken = {
            split: one for split, one in sources.items() if set(train.table.column_names) <= set(one.table.column_names)
        }
        column = "split" if "split" not in train.table.column_names else "_split_of_rows"
        tables, rows = [], []
        faults: dict[str, dict[int, str]] = {}
        changed: dict[str, list[int]] = {}
        start = 0
        for split, source in taken.items():
            tables.append(source.table.append_column(column, pa.array([split] * source.table.num_rows, pa.string())))
            rows.append(source.rows + start)
            for reason, found in source.faults.items():
                faults.setdefault(reason, {}).update({number + start: detail for number, detail in found.items()})
            for reason, numbers in source.changed.items():
                changed.setdefault(reason, []).extend(number + start for number in numbers)
            start += _last(source)
        left = [part.name for part in preview.parts if _split(part) not in taken]
        notes = {"parts_left": ", ".join(left)} if left else {}
        table = pa.concat_tables(tables, promote_options="permissive")
        roles = {**train.roles, "split_column": column}
        return Export(table, np.concatenate(rows), roles, faults, notes, changed)


def _last(source: ReadFile) -> int:
    """The highest number of a row."""
    numbers = [int(source.rows.max())] if len(source.rows) else []
    return max([*numbers, *(number for found in source.faults.values() for number in found)], default=0)


def _parts(preview: Preview) -> dict[Split, Preview]:
    """Split -> its file, the training rows first."""
    found = {split: part for part in preview.parts if (split := _split(part)) is not None}
    return dict(sorted(found.items(), key=lambda item: item[0] != "train"))


def _split(preview: Preview) -> Split | None:
    path = _path(preview)
    return split_of(path.stem) if path.suffix.lower() in _ENDS and not preview.blank else None


def _path(preview: Preview) -> PurePosixPath:
    return PurePosixPath(preview.name)


__all__ = ["SplitFiles"]
