"""Answers that people liked more than others, or liked or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.written import texts_of
from tunebook.data.kind import ColumnKind, Labelled
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa

_LONGER = (
    0.75  # share of pairs of which the longer answer is the better one, from which on length may be what is learnt
)


class Preference(ColumnKind):
    """The kind `preference`: prepared rows hold the better and the worse answer to a prompt, one of which may be null:
    then nobody compared the other one, but judged it.

    Targets are texts, shape (N, 2): the better and the worse answer, empty where there is none. A row's prompt is its
    conversation.
    """

    key: ClassVar[str] = "preference"
    link: ClassVar[Link] = "sigmoid"
    tasks: ClassVar[tuple[str, ...]] = ("preference",)
    of_preferences: ClassVar[bool] = True
    otherwise: ClassVar[str] = "preference_again"

    def outputs(self, names: Sequence[str]) -> int:
        """How much better one answer is than the other."""
        return 1

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """With prompts and answers, where the user asks for preferences and there are columns of answers.

        Raises:
            DataError: `data.no_preferences`.
        """
        from tunebook.data.answer_pairs import ANSWERS, FOUND, PROMPT, judged_column, judged_table, pair_columns

        if not labelled or (told.task not in self.tasks and told.problem != self.key):
            return None
        names = table.column_names
        if ANSWERS in names and table.schema.field(ANSWERS).type == FOUND:
            return table, {"text": PROMPT, "label": ANSWERS}
        if pair_columns(names) is None and judged_column(names) is None:
            raise DataError("data.no_preferences", key="label", value=names)
        return judged_table(table.to_pylist(), told.text), {"text": PROMPT, "label": ANSWERS}

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """As they are; rows that cannot be used by their reason.

        Raises:
            DataError: `data.no_preferences`.
        """
        from tunebook.data.answer_pairs import FOUND

        if column.type != FOUND:
            raise DataError("data.no_preferences", key=options.label or "label", value=[options.label])
        answers, faults = _parts(column)
        reasons = sorted({reason for reason in faults if reason})
        bad = {one: np.flatnonzero([reason == one for reason in faults]).astype(np.int64) for one in reasons}
        return Labelled(Labels(problem=self.key), answers, bad)

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """As they are, and the reasons why rows cannot be used."""
        answers, faults = _parts(column)
        return answers, [reason for reason in faults if reason]

    def words(self, column: pa.ChunkedArray) -> None:
        """None."""

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """None: the answers say all."""
        return labels

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
        """The better and the worse answer, shape (N, 2); an empty text for none."""
        sides = [texts_of([text or "" for text in side]) for side in _sides(column)]
        return np.stack(sides, axis=1)

    def said(self, target: Any, labels: Labels) -> dict[str, str | None]:
        """Both answers."""
        return {"chosen": str(target[0]) or None, "rejected": str(target[1]) or None}

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        """None."""
        import pyarrow as pa

        return pa.array([], pa.string())

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The better and the worse answer."""
        import pyarrow as pa

        pairs = zip(*_sides(column), strict=True)
        return pa.chunked_array([pa.array([f"{one or ''}\x1f{two or ''}" for one, two in pairs], pa.large_string())])

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """Pairs, good answers and bad ones."""
        better, worse = (np.array([text is not None for text in side], dtype=np.int64) for side in _sides(column))
        return 2 * better + worse

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """0: a prompt says nothing of which answer is better; see `figures` for the length of answers."""
        return 0.0

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Pairs, and good and bad answers by themselves, in all rows and in those of training; of how many pairs the
        better answer is the longer one, and characters of an answer."""
        import pyarrow.compute as pc

        train = _counts(*_sides(rows["label"].filter(pc.equal(rows["_split"], "train"))))
        return {"preferences": {**_counts(*_sides(rows["label"])), "train": train}}

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """That length alone tells most answers apart, and that all answers are judged alike."""
        from tunebook.data.describe import warning

        known, found = stats["preferences"], []
        side = max(("longer", "shorter"), key=lambda name: int(known[name]))
        share = known[side] / max(known["pairs"], 1)
        if share >= _LONGER:
            told = {"share": f"{share:.0%}"}
            found.append(warning("preference_longer" if side == "longer" else "preference_shorter", **told))
        alone = known["good"] + known["bad"]
        if alone and not known["pairs"] and alone in (known["good"], known["bad"]):
            found.append(warning("preference_one_side", count=alone))
        return found

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """None: rows that cannot be used are in the ledger."""
        return []


def _parts(column: pa.ChunkedArray) -> tuple[pa.Array, list[str | None]]:
    """Answers as prepared rows hold them, and why rows cannot be used."""
    import pyarrow as pa

    from tunebook.data.answer_pairs import PREFERENCE

    cells = column.to_pylist()
    answers = [{name: cell[name] for name in ("chosen", "rejected")} for cell in cells]
    return pa.array(answers, PREFERENCE), [cell["fault"] for cell in cells]


def _sides(column: pa.ChunkedArray) -> tuple[list[str | None], list[str | None]]:
    """Better and worse answers."""
    cells = column.to_pylist()
    return [cell["chosen"] for cell in cells], [cell["rejected"] for cell in cells]


def _counts(better: Sequence[str | None], worse: Sequence[str | None]) -> dict[str, Any]:
    both = [(len(one), len(two)) for one, two in zip(better, worse, strict=True) if one is not None and two is not None]
    sizes = [len(text) for side in (better, worse) for text in side if text is not None]
    return {
        "pairs": len(both),
        "good": sum(text is not None for text in better) - len(both),
        "bad": sum(text is not None for text in worse) - len(both),
        "longer": sum(one > two for one, two in both),
        "shorter": sum(one < two for one, two in both),
        "characters": round(float(np.mean(sizes)), 1) if sizes else 0.0,
    }


__all__ = ["Preference"]
