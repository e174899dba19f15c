"""Places in a text that answer a question, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.extracts import Extract, packed
from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.kind import Checked, ColumnKind, Labelled
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Answers(ColumnKind):
    """The kind `answers`: prepared rows hold a question, a context and a list of places in the context, each with start
    and end, in code points, the end exclusive; an empty list where the context does not answer the question.

    Targets are texts, shape (N,), as `tunebook.core.extracts` packs them: the places and the context. Labels say with
    `low` how many acceptable answers a training row has at least: 0 where some questions have none.
    """

    key: ClassVar[str] = "answers"
    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("question_answering",)
    places_in: ClassVar[str] = "pair"
    joins: ClassVar[bool] = True

    def outputs(self, names: Sequence[str]) -> int:
        """Of each token: that the answer starts there, and that it ends there."""
        return 2

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """With the answers as their file states them, where they are asked for."""
        if not labelled or (told.problem != self.key and told.task not in self.tasks):
            return None
        from tunebook.data.answer_table import stated_table

        return stated_table(table, told)

    def checked(self, table: pa.Table, parts: dict[str, Any]) -> Checked:
        """With the answers as places in their contexts, without rows that have none which fits."""
        from tunebook.data.answer_table import with_places

        return with_places(table, parts)

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """As they are: there are no names."""
        from tunebook.data.answer_places import ANSWERS

        if column.type != ANSWERS:
            raise DataError("data.no_answers", key=options.label or "label")
        return Labelled(Labels(problem=self.key), column.combine_chunks(), {})

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """As they are."""
        return column.combine_chunks(), []

    def words(self, column: pa.ChunkedArray) -> None:
        """None."""

    def joined(self, column: pa.ChunkedArray, home: NDArray[np.int64]) -> pa.Array:
        """All places that rows of one question and context name, those of most rows first."""
        import pyarrow as pa

        from tunebook.data.answer_places import ANSWERS

        cells = column.to_pylist()
        places: dict[int, dict[tuple[int, int], int]] = {}
        for first, cell in zip(home.tolist(), cells, strict=True):
            known = places.setdefault(first, {})
            for one in cell:
                known[one["start"], one["end"]] = known.get((one["start"], one["end"]), 0) + 1
        best = {row: sorted(known, key=lambda place, known=known: -known[place]) for row, known in places.items()}  # type: ignore[misc]
        whole = [[{"start": start, "end": end} for start, end in best[row]] for row in home.tolist()]
        return pa.array(whole, ANSWERS)

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """Fewest and most answers of a training row, where any has one."""
        counts = _counts(column)
        if not counts.max(initial=0):
            raise DataError("data.no_answers", key="label")
        return labels.model_copy(update={"low": float(counts.min()), "high": float(counts.max())})

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
        """The places alone, without their contexts; see `of_rows`."""
        return packed(Extract("", _places(cell)) for cell in column.to_pylist())

    def of_rows(self, rows: pa.Table, labels: Labels) -> NDArray[Any]:
        """Places and context of each."""
        columns = (rows["pair"].to_pylist(), rows["label"].to_pylist())
        return packed(Extract(context, _places(cell)) for context, cell in zip(*columns, strict=True))

    def said(self, target: Any, labels: Labels) -> list[dict[str, Any]]:
        """Start, end and text of each."""
        found = Extract.of(target)
        pairs = zip(found.places, found.answers, strict=True)
        return [{"start": start, "end": end, "text": text} for (start, end), text in pairs]

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        """None."""
        import pyarrow as pa

        return pa.array([], pa.string())

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The places, joined."""
        import pyarrow as pa

        found = [",".join(f"{start}-{end}" for start, end in _places(cell)) for cell in column.to_pylist()]
        return pa.chunked_array([pa.array(found, pa.large_string())])

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """1 for questions without an answer."""
        return np.where(_counts(column) > 0, 0, 1)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """0: where an answer stands is no property of the length."""
        return 0.0

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Questions with and without an answer, acceptable answers of each, lengths of those that are learnt, contexts,
        and how many of these stand in several splits."""
        from tunebook.data.describe import quantiles

        counts = _counts(rows["label"])
        first = [cell[0] for cell in rows["label"].to_pylist() if cell]
        lengths = np.array([one["end"] - one["start"] for one in first], dtype=np.int64)
        splits: dict[str, set[str]] = {}
        for context, split in zip(rows["pair"].to_pylist(), rows["_split"].to_pylist(), strict=True):
            splits.setdefault(context, set()).add(split)
        return {
            "answered": {
                "rows": int((counts > 0).sum()),
                "none": int((counts == 0).sum()),
                "per_row": quantiles(counts),
                "characters": quantiles(lengths if len(lengths) else np.zeros(1, dtype=np.int64)),
                "contexts": len(splits),
                "shared": sum(len(found) > 1 for found in splits.values()),
            }
        }

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """Of contexts that several splits share."""
        from tunebook.data.describe import warning

        found = stats["answered"]
        shared = [warning("answers_shared", count=found["shared"], contexts=found["contexts"])]
        return shared if found["shared"] else []

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """None: what was put right stands in the ledger."""
        return []


def _places(cell: list[dict[str, int]] | None) -> list[tuple[int, int]]:
    return [(one["start"], one["end"]) for one in cell or []]


def _counts(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Acceptable answers of each row, shape (N,)."""
    from tunebook.data.span_columns import lengths_of

    return lengths_of(column.combine_chunks())


__all__ = ["Answers"]
