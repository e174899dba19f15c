"""Smaller training parts of a book's rows, each of which holds the one before: what a learning curve is trained on.

Rows are put into an order once for each seed, and a part is the beginning of it. The order is drawn so that each
beginning has the classes in about the shares of all rows, and that rows of a group come one after the other.
"""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core.files import part_of
from tunebook.core.locations import PASSAGES, part_name
from tunebook.core.nouns import DataRef, write_json
from tunebook.data.describe import describe
from tunebook.data.fingerprint import content_of
from tunebook.data.frozen import SPLIT
from tunebook.data.kind import column_kind
from tunebook.data.load import group_codes, load, load_table
from tunebook.data.prepare import ROWS
from tunebook.data.votes import annotator_columns

Numbers = NDArray[np.int64]


def nested_order(data: DataRef, seed: int) -> tuple[Numbers, Numbers]:
    """The training rows in the order in which parts take them, and the number of the group of each, both of shape (N,).

    Raises:
        DataError: `data.damaged`.
    """
    train = load_table(data)
    train = train.filter(pc.equal(train["_split"], "train"))
    strata = column_kind(data.labels.problem).strata(train["label"], data.labels)
    groups = group_codes(load(data, "train"), data.roles)
    units = np.arange(len(strata)) if groups is None else groups
    order = shuffled(np.asarray(strata), units, seed)
    return order, units[order]


def shuffled(strata: Numbers, units: Numbers, seed: int) -> Numbers:
    """Places of rows (N,) in a drawn order whose beginnings have each stratum in about its share, units whole.

    A stratum's units are drawn into an order, and stand at even distances from a drawn start; so that a beginning of n
    rows has n times the share of each, up to one unit.

    Args:
        strata: class of each row; of a unit that of its first row counts. units: number 0 .. U - 1 of each row's unit.
    """
    random = np.random.default_rng(seed)
    _, first, sizes = np.unique(units, return_index=True, return_counts=True)
    mine, place = strata[first], np.empty(len(first))
    for stratum in np.unique(mine):
        drawn = random.permutation(np.flatnonzero(mine == stratum))
        before = np.concatenate(([0], np.cumsum(sizes[drawn])))
        place[drawn] = (before[:-1] + random.random() * sizes[drawn[0]]) / before[-1]
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((random.random(len(first)), place))] = np.arange(len(first))
    return np.asarray(np.argsort(rank[units], kind="stable"))


def beginning(units: Numbers, size: int) -> int:
    """How many rows a part of about this size has: where a unit ends, nearest to it.

    Args:
        units: number of the unit of each row, in the order of `nested_order`.
    """
    ends = np.append(np.flatnonzero(np.diff(units)) + 1, len(units))
    return int(ends[np.abs(ends - size).argmin()])


def write_part(data: DataRef, places: Numbers) -> DataRef:
    """Prepared rows beside those of a book: the training rows at these places, and all validation rows; no test rows.

    Raises:
        DataError: `data.damaged`. OSError: the folder cannot be written.
    """
    table = load_table(data)
    split = table["_split"].to_numpy(zero_copy_only=False)
    kept = split == "validation"
    kept[np.flatnonzero(split == "train")[places]] = True
    table = table.filter(pa.array(kept)).combine_chunks()
    passages = parquet.read_table(data.path / PASSAGES) if (data.path / PASSAGES).exists() else None
    content = content_of(table, passages)
    found = describe(table, data.labels, annotator_columns(data.roles, table.column_names))
    into = data.path.parent / part_name(content)
    into.mkdir(exist_ok=True)
    with part_of(into / ROWS) as part:
        parquet.write_table(table, part, compression="zstd")
    if passages is not None:
        shutil.copyfile(data.path / PASSAGES, into / PASSAGES)
    changed = {"path": into, "content": content, "rows": found["rows"], "stats": {**data.stats, **found}}
    made = data.model_copy(update=changed)
    write_json(made.model_copy(update={"path": data.path.__class__()}), into / SPLIT)
    return made


__all__ = ["beginning", "nested_order", "shuffled", "write_part"]
