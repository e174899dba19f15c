"""Passages that are judged for a query: relevant ones, by how much, and others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.judged import Judged, told_apart
from tunebook.core.kind import Link, kind_of
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.kind import ColumnKind, Labelled
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Relevance(ColumnKind):
    """The kind `relevance`: prepared rows hold lists of passage and gain, passages by their number in passages.parquet.

    Targets are float64, shape (N, 1 + 2 S), as `Judged` packs them: a gain above 0 is relevant, one of 0 is not.
    """

    key: ClassVar[str] = "relevance"
    link: ClassVar[Link] = "sigmoid"
    tasks: ClassVar[tuple[str, ...]] = ("embedding", "reranking")
    of_passages: ClassVar[bool] = True

    def outputs(self, names: Sequence[str]) -> int:
        """The score of a passage."""
        return 1

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """With a column of judged passages, where columns of queries and passages are known by name."""
        from tunebook.data.judged_columns import judged_table

        if not labelled:
            return None
        graded = told.problem is None and told.task in kind_of("regression").tasks
        return judged_table(table, told, asked=told.problem == self.key or told.task in self.tasks, graded=graded)

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """As they are: there are no names."""
        from tunebook.data.passages import NUMBERED

        if column.type != NUMBERED:
            raise DataError("data.no_judged", key=options.label or "label")
        return Labelled(Labels(problem=self.key), column.combine_chunks(), {})

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """As they are: the numbers are those of the passages that came with them."""
        return column.combine_chunks(), []

    def words(self, column: pa.ChunkedArray) -> None:
        """None."""

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """The highest gain, where a training row has a relevant passage."""
        highest = float(Judged.of(self.targets(column, labels)).value.max(initial=0.0))
        if highest <= 0:
            raise DataError("data.no_positives", key="label", count=len(column), rows="")
        return labels.model_copy(update={"low": 0.0, "high": highest})

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.float64]:
        """How many passages, then number and gain of each: shape (N, 1 + 2 S)."""
        from tunebook.data.span_columns import lengths_of

        lists = column.combine_chunks()
        inner = lists.flatten()
        row = np.repeat(np.arange(len(lists)), lengths_of(lists))
        passage, gain = (inner.field(name).to_numpy(zero_copy_only=False) for name in ("passage", "gain"))
        found: NDArray[np.float64] = Judged(row, passage.astype(np.int64), gain, len(lists)).matrix()
        return found

    def said(self, target: Any, labels: Labels) -> list[dict[str, Any]]:
        """Number and gain of each passage."""
        found = Judged.of(np.asarray(target)[None])
        pairs = zip(found.passage.tolist(), found.value.tolist(), strict=True)
        return [{"passage": passage, "gain": gain} for passage, gain in pairs]

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        """None."""
        import pyarrow as pa

        return pa.array([], pa.string())

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The same for all: rows of one query are joined, and what other splits judge for it is no other label."""
        import pyarrow as pa

        return pa.chunked_array([pa.array([""] * len(column), pa.large_string())])

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """0: queries are drawn alike."""
        return np.zeros(len(column), dtype=np.int64)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """0: what is to be found is no property of the query."""
        return 0.0

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Passages judged and relevant, for all and one query, and relevant ones that two splits share; and how many
        training queries have what a loss may ask for (`tunebook.core.judged.told_apart`)."""
        import pyarrow.compute as pc

        from tunebook.core.nouns import SPLITS

        relevant: dict[str, set[int]] = {}
        for split in SPLITS:
            judged = Judged.of(self.targets(rows["label"].filter(pc.equal(rows["_split"], split)), labels))
            relevant[split] = set(judged.passage[judged.value > 0].tolist())
        train = self._train(rows, labels)
        judged = Judged.of(self.targets(rows["label"], labels))
        shared = len(relevant["train"] & (relevant["validation"] | relevant["test"]))
        positives = int((judged.value > 0).sum())
        counts = {
            "rows": judged.rows,
            "all": len(judged.row),
            "positives": positives,
            "negatives": len(judged.row) - positives,
        }
        return {"judged": {**counts, "shared": shared, "most": int(judged.counts.max(initial=0)), "train": train}}

    def _train(self, rows: pa.Table, labels: Labels) -> dict[str, int]:
        """Training queries, their passages, and how many of them have what losses ask for."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from tunebook.data.load import taught_scores
        from tunebook.data.passages import TAUGHT

        part = rows.filter(pc.equal(rows["_split"], "train"))
        judged = Judged.of(self.targets(part["label"], labels))
        there = TAUGHT in part.column_names and pa.types.is_list(part[TAUGHT].type)  # else a column of the user's
        said = Judged.of(taught_scores(part["label"], part[TAUGHT])) if there else None
        has = {name: int(which.sum()) for name, which in told_apart(judged, said).items()}
        return {"rows": judged.rows, "passages": len(np.unique(judged.passage)), **has}

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """That nothing was judged as not relevant, and that splits share relevant passages."""
        from tunebook.data.describe import warning

        judged = stats["judged"]
        found = [] if judged["negatives"] else [warning("passages_no_negatives", count=judged["positives"])]
        return [*found, *([warning("passages_shared", count=judged["shared"])] if judged["shared"] else [])]

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """None: the pool of passages is told of by itself."""
        return []


__all__ = ["Relevance"]
