"""A text to be written: an answer, a summary, a translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.written import texts_of
from tunebook.data.kind import ColumnKind, Labelled
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Written(ColumnKind):
    """The kind `written`: the column holds texts as they were given, targets are texts (N,) of numpy's StringDType.

    Rows that are conversations have them in the column `chat`, the answer at the end of each.
    """

    key: ClassVar[str] = "written"
    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("instruction", "seq2seq")
    of_chats: ClassVar[tuple[str, ...]] = ("instruction",)
    otherwise: ClassVar[str] = "answers_differ"

    def outputs(self, names: Sequence[str]) -> int:
        """One number a row: the model keeps its own head, whose outputs are its vocabulary."""
        return 1

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """As it is, where it has conversations; else with a text and what is to be written of it, where these are
        wanted.

        Raises:
            DataError: `written.columns`, no two columns are known to be these.
        """
        from tunebook.data.chat_rows import ROLES
        from tunebook.data.chats import holds_chats
        from tunebook.data.written_columns import source_and_target

        if holds_chats(table):
            return table, dict(ROLES)
        if not labelled or (told.problem != self.key and told.task not in self.tasks):
            return None
        return table, source_and_target(table, told)

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """As they are: nothing is cleaned, and rows without an answer are set aside."""
        import pyarrow.compute as pc

        from tunebook.data.columns import text_column

        texts = text_column(column).combine_chunks()
        words = pc.utf8_trim_whitespace(texts)
        empty = pc.fill_null(pc.equal(words, ""), True)
        ends = pc.sum(pc.fill_null(pc.not_equal(words, texts), False)).as_py() or 0
        bad = {"empty_answer": np.flatnonzero(empty.to_numpy(zero_copy_only=False)).astype(np.int64)}
        return Labelled(Labels(problem=self.key), texts, bad, {"blank_ends": int(ends)})

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """The texts."""
        from tunebook.data.columns import text_column

        return text_column(column).combine_chunks(), []

    def words(self, column: pa.ChunkedArray) -> None:
        """None."""

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """Nothing: texts have no ends."""
        return labels

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.generic]:
        """The texts (N,)."""
        return texts_of(column.to_pylist())

    def said(self, target: Any, labels: Labels) -> str:
        """The text."""
        return str(target)

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        """None."""
        import pyarrow as pa

        return pa.array([], pa.string())

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The text."""
        return column

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """0: rows are drawn alike."""
        return np.zeros(len(column), dtype=np.int64)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """0: a long answer to a long question tells nothing away."""
        return 0.0

    def vote(self, cell: str, data: DataRef) -> str:
        """The text."""
        return cell

    def nearness(self, vote: Any, target: Any, labels: Labels) -> float:
        """1 for the same text."""
        return float(vote == str(target))

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Words, languages, answers that are alike, turns of conversations."""
        from tunebook.data.written_figures import written_figures

        return {"writing": written_figures(rows)}

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """One answer to most questions, fields that nobody filled, validation questions that training rows answer."""
        from tunebook.data.written_figures import written_doubts

        return written_doubts(stats["writing"])

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """Of blanks at the ends of answers, which are learnt like the rest."""
        from tunebook.data.describe import warning

        count = labelled.facts["blank_ends"]
        return [warning("blank_ends", count=count, rows=len(labelled.column))] if count else []


__all__ = ["Written"]
