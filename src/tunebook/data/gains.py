"""Numbers that cells of judged passages say: how relevant a passage is, and what a teacher says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.errors import DataError
from tunebook.data.cells import as_text, number_in
from tunebook.data.columns import is_text, text_column

# Beyond it squares of differences and their sums leave float32 while a model is trained.
LARGEST = 1e9
_YES = (
    "yes|y|true|t|relevant|positive|pos|match|matched|similar|duplicate|paraphrase|"
    "是|对|真|有|相关|有关|匹配|相似|正|正例|正样本"
)
_NO = (
    "no|n|false|f|irrelevant|not relevant|non relevant|nonrelevant|unrelated|negative|neg|no match|not matched|"
    "mismatch|dissimilar|not similar|not duplicate|not paraphrase|"
    "否|不是|错|假|无|不相关|无关|不匹配|不相似|负|负例|负样本"
)
# What a word that is plainly a yes or a no is worth.
WORDS = {**dict.fromkeys(_YES.split("|"), 1.0), **dict.fromkeys(_NO.split("|"), 0.0)}
ALLOWED = "0 | 1 | 2.5 | yes, no | true, false | relevant, irrelevant | 是, 否 | 相关, 不相关"
_SHOWN = 5


def gain_in(cell: Any) -> float:
    """The number of a cell, 1 or 0 for a plain yes or no; NaN for anything else."""
    number = number_in(cell)
    if number == number or not isinstance(cell, str):
        return number
    return WORDS.get(" ".join(cell.lower().replace("_", " ").replace("-", " ").split()), np.nan)


def numeric(column: pa.ChunkedArray) -> bool:
    """Whether cells are numbers, or lists of them; or one of the texts in the first thousand cells is a number."""
    kind = _inner(column.type)
    if not is_text(kind):
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
    return not np.isnan([number_in(word) for word in said(column.slice(0, 1000))]).all()


def readable(column: pa.ChunkedArray) -> bool:
    """Whether cells are numbers as `numeric` has them, or every one is a plain yes or no."""
    return numeric(column) or worded(column)


def worded(column: pa.ChunkedArray) -> bool:
    """Whether every cell, or item of a list, that is there is a plain yes or no in words."""
    words = said(column)
    return bool(words) and all(gain_in(word) in (0, 1) and np.isnan(number_in(word)) for word in words)


def said(column: pa.ChunkedArray) -> list[str]:
    """The distinct cells, or items of lists, as text, without blank ones; in their order."""
    items = pc.list_flatten(column) if _is_list(column.type) else column
    items = (text_column(items) if pa.types.is_nested(items.type) else items).unique().to_pylist()
    texts = dict.fromkeys((as_text(item) or "").strip() for item in items)
    return [text for text in texts if text]


def refuse_words(column: pa.ChunkedArray, name: str, passages: str) -> None:
    """Refuse a column of gains that says neither numbers nor yes and no.

    Raises:
        DataError: `data.gain_words`.
    """
    if not readable(column):
        shown = " | ".join(said(column)[:_SHOWN])
        raise DataError("data.gain_words", key=name, value=shown, allowed=ALLOWED, passages=passages)


def gain_of(cell: Any, name: str, row: int) -> float:
    """The gain that a cell says, NaN where it is blank.

    Raises:
        DataError: `data.gain`: it says something else, or a number that is too large.
    """
    gain = gain_in(cell)
    if (np.isnan(gain) and as_text(cell)) or abs(gain) > LARGEST:
        raise DataError("data.gain", key=name, value=cell, row=row, allowed=ALLOWED)
    return gain


def gains_of(cell: Any, passages: int, names: tuple[str, str], row: int) -> list[float]:
    """The gain of each of a row's passages: of a number for all of them, or of a list with one for each.

    Args:
        names: of the column of gains and that of passages.

    Raises:
        DataError: `data.gain`; `data.gain_lists`, they are not as many as the passages.
    """
    if not isinstance(cell, list):
        return [gain_of(cell, names[0], row)] * passages
    if len(cell) != passages:
        counts: dict[str, Any] = {"passages": passages, "gains": len(cell)}
        raise DataError("data.gain_lists", key=names[0], value=names[1], row=row, **counts)
    return [gain_of(one, names[0], row) for one in cell]


def taught_of(cell: Any, passages: int, name: str | None, row: int) -> list[float | None]:
    """A teacher's score of each of some passages; None where it said nothing.

    Args:
        cell: a number, a list of them, or such a list as JSON; null in a list for a passage that was not scored.

    Raises:
        DataError: `data.taught`: no numbers, too large ones, or not as many as the passages.
    """
    if cell is None or name is None:
        return [None] * passages
    items = cell.strip("[] ").split(",") if isinstance(cell, str) else cell if isinstance(cell, list) else [cell]
    given = [item.strip() if isinstance(item, str) else item for item in items]
    scores = [None if item in (None, "null") else number_in(item) for item in given if item != ""]
    sound = all(score is None or abs(score) <= LARGEST for score in scores)  # NaN is not below it either
    if len(scores) != passages or not sound:
        counts: dict[str, Any] = {"passages": passages, "scores": len(scores)}
        raise DataError("data.taught", key=name, value=str(cell), row=row, **counts)
    return scores


def _inner(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if _is_list(kind) else kind


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


__all__ = [
    "ALLOWED", "LARGEST", "WORDS", "gain_in", "gain_of", "gains_of", "numeric", "readable", "refuse_words", "said",
    "taught_of", "worded",
]  # fmt: skip
