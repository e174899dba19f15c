"""The rows of a book as a browser turns them over: filtered, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.data.cells import as_text
from tunebook.data.corrected import in_cells
from tunebook.data.kind import column_kind
from tunebook.data.load import kept_table
from tunebook.data.votes import annotator_columns, votes

if TYPE_CHECKING:
    from tunebook.core.nouns import DataRef

SIZE = 50  # rows of a page
_CHOICES = 200  # labels that a row is chosen one of; of more it is typed
_OWN = ("_id", "_row", "_file", "_split", "text", "pair", "label", "weight")


@dataclass(frozen=True)
class Wanted:
    """Which rows.

    Attributes:
        split, label: theirs; text: that they hold; ids: of which some are looked at; disagreed: annotators do not say
            the same. page: 0, 1, ...
    """

    split: str = ""
    label: str = ""
    text: str = ""
    ids: Sequence[str] = ()
    disagreed: bool = False
    page: int = 0


@dataclass(frozen=True)
class Turned:
    """A page of them.

    Attributes:
        rows: `id`, `split`, `text`, `pair`, `label` as a text, its `places` (label and words), `more` (other columns)
            and `votes` of each.
        page: which, the last one where there are not so many. count: rows that were found.
        labels: that a row may have, empty where they cannot be chosen from; one: each row has one of these.
        mendable: labels can be put right here.
    """

    rows: list[dict[str, Any]]
    page: int
    count: int
    labels: list[str]
    annotated: bool
    one: bool = False
    mendable: bool = False

    @property
    def pages(self) -> int:
        """How many there are."""
        return max(1, -(-self.count // SIZE))


def turn(ref: DataRef, wanted: Wanted) -> Turned:
    """A page of the rows that are wanted."""
    table, kind = kept_table(ref), column_kind(ref.labels.problem)
    annotators = annotator_columns(ref.roles, table.column_names)
    found = _found(ref, table, wanted)
    page = min(wanted.page, max(0, -(-found.num_rows // SIZE) - 1))
    part = found.slice(page * SIZE, SIZE)
    said = _written(kind, part["label"]) if kind.in_column else [""] * part.num_rows
    marked = part["label"].to_pylist() if kind.in_column and pa.types.is_nested(part["label"].type) else []
    others = [name for name in part.column_names if name not in _OWN and name not in annotators]
    given = {name: part[name].to_pylist() for name in annotators}
    voted = votes(given, ref) if annotators else [[] for _ in said]
    rows = []
    for place, row in enumerate(part.select(["_id", "_split", "text"]).to_pylist()):
        more = {name: part[name][place].as_py() for name in others}
        pair = part["pair"][place].as_py() if "pair" in part.column_names else None
        rows.append({"id": row["_id"], "split": row["_split"], "text": row["text"], "pair": pair,
                     "label": said[place], "places": _places(row["text"], marked[place] if marked else []),
                     "more": more, "votes": voted[place]})  # fmt: skip
    labels = ref.labels.names if kind.in_column else []
    one = 0 < len(labels) <= _CHOICES and kind.classes in ("one", "ordered")
    return Turned(rows, page, found.num_rows, labels, bool(annotators), one, bool(labels) and in_cells(kind))


def _places(text: str, cell: Sequence[Any]) -> list[tuple[str, str]]:
    """Label and words of each marked place of a text; none where labels are no places."""
    return [(place["label"], text[place["start"] : place["end"]]) for place in cell or () if isinstance(place, dict)]


def labels_of(ref: DataRef, ids: Sequence[str]) -> dict[str, str]:
    """Id of each of these rows that there are -> its label, as a cell of a file writes it."""
    found = _in_order(kept_table(ref), ids)
    written = _written(column_kind(ref.labels.problem), found["label"])
    return dict(zip(found["_id"].cast(pa.string()).to_pylist(), written, strict=True))


def _written(kind: Any, column: pa.ChunkedArray) -> list[str]:
    """Labels as a cell of a file writes them: several, or places, as JSON."""
    if pa.types.is_nested(column.type):
        return [as_text(cell) or "" for cell in column.to_pylist()]
    found: list[str] = kind.text(column).to_pylist()
    return found


def _found(ref: DataRef, table: pa.Table, wanted: Wanted) -> pa.Table:
    kind = column_kind(ref.labels.problem)
    if wanted.split:
        table = table.filter(pc.equal(table["_split"], wanted.split))
    if wanted.label and kind.in_column:
        table = table.filter(_bears(kind, table["label"], wanted.label))
    if wanted.text:
        table = table.filter(pc.match_substring(table["text"], wanted.text, ignore_case=True))
    if wanted.ids:
        table = _in_order(table, wanted.ids)
    if wanted.disagreed:
        table = _in_dispute(ref, table)
    return table


def _in_dispute(ref: DataRef, table: pa.Table) -> pa.Table:
    """The rows of which annotators do not say the same; cells that are written alike need not be read for it."""
    names = annotator_columns(ref.roles, table.column_names)
    if not names:
        return table.slice(0, 0)
    left = table.filter(_unlike([table[name] for name in names]))
    said = votes({name: left[name].to_pylist() for name in names}, ref)
    return left.filter(pa.array(np.array([len({repr(vote) for vote in row}) > 1 for row in said], dtype=bool)))


def _unlike(columns: Sequence[pa.ChunkedArray]) -> Any:
    """Whether the cells of a row are not all written alike; taken to be so where they cannot be compared as written."""
    first, *others = columns
    if pa.types.is_nested(first.type) or any(other.type != first.type for other in others):
        return pa.array(np.ones(len(first), dtype=bool))
    alike = np.ones(len(first), dtype=bool)
    for other in others:
        alike &= np.asarray(pc.fill_null(pc.equal(first, other), False))
    return pa.array(~alike)


def _bears(kind: Any, column: pa.ChunkedArray, label: str) -> Any:
    """Whether rows have a label, among others where they may have several."""
    if not pa.types.is_list(column.type):
        return pc.equal(kind.text(column), label)
    lists = column.combine_chunks()
    having = pc.list_parent_indices(lists).to_numpy()[np.asarray(pc.equal(kind.borne(lists), label), dtype=bool)]
    return pa.array(np.isin(np.arange(len(lists)), having))


def _in_order(table: pa.Table, ids: Sequence[str]) -> pa.Table:
    """The rows of these ids, in the order in which they are named: the likeliest suspect first."""
    table = table.filter(pc.is_in(table["_id"].cast(pa.string()), pa.array(list(ids))))
    place = {row: number for number, row in enumerate(ids)}
    found = [place[row] for row in table["_id"].cast(pa.string()).to_pylist()]
    return table.take(np.argsort(found, kind="stable"))


__all__ = ["SIZE", "Turned", "Wanted", "labels_of", "turn"]
