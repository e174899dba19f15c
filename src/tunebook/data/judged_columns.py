"""Queries and their passages in columns of a table: pairs, triplets, lists of relevant and other passages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.cells import as_text, number_in
from tunebook.data.columns import is_text, text_column
from tunebook.data.names import LABEL, PAIRS, plain
from tunebook.data.options import DataOptions
from tunebook.data.passages import JUDGED
from tunebook.data.roles import recurs
from tunebook.data.span_columns import column_of


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


QUERY = _words("query anchor question query_text question_text search_query q 查询 问题 检索词 查询词")
# Passages that a name alone says are relevant or not; those of no such name are relevant where no gain says otherwise.
POSITIVE = _words("pos positive positives positive_passages positive_passage positive_ctxs pos_texts 正例 正样本")
NEGATIVE = re.compile(
    r"(hard_)?neg(ative)?s?(_?\d+|_passages?|_ctxs|_texts)?|负例|负样本", re.IGNORECASE
)  # `negative_1`, `hard_negatives`
PASSAGE = _words(
    "passage passages document documents doc docs candidates context answer answers response paragraph "
    "段落 文档 文本 答案 回答 候选"
)
GAIN = _words(
    "label labels score scores relevance relevance_score gain gains grade rel similarity "
    "标签 分数 得分 相关性 相关度 相似度"
)
# What a teacher, such as a reranker, says of relevant and other passages (BGE's names).
TAUGHT = (_words("pos_scores positive_scores"), _words("neg_scores negative_scores"))
_ID = _words("passage_id document_id doc_id docid pid corpus_id")
_IN = {"id": (*_ID, "id", "_id"), "text": ("text", "contents", "content", "passage", "passage_text")}
_CLEAR = _words("passage passages document documents doc docs candidates 段落 文档 候选")  # of retrieval alone


@dataclass(frozen=True)
class Columns:
    """Names of columns: queries, passages that are relevant or as `gain` says, others, and ids of the first; and a
    teacher's scores of both."""

    query: str
    passages: tuple[str, ...]
    negatives: tuple[str, ...] = ()
    gain: str | None = None
    passage_id: str | None = None
    taught: tuple[str | None, str | None] = (None, None)


def judged_table(
    table: pa.Table, told: DataOptions, *, asked: bool, graded: bool
) -> tuple[pa.Table, dict[str, Any]] | None:
    """The table with one column of judged passages, and the parts `text` and `label`; None where it has none.

    Args:
        asked: the user wants such rows; else only names that mean nothing else count.
        graded: two texts with a number, of which neither bears the name of a query, are left to another kind.

    Raises:
        DataError: `data.gain`, gains are no numbers; `data.gain_lists`, they are not as many as the passages;
            `data.taught`, a teacher's scores are no numbers, or not as many.
    """
    there = column_of(JUDGED, table, told)
    if there is not None:
        return table, {"label": there}
    found = find_columns(table, told, asked=asked, graded=graded)
    if found is None:
        return None
    label = found.passages[0]
    judged = pa.array(_rows(table, found), JUDGED)
    table = table.set_column(table.column_names.index(label), label, judged)
    used = {*found.passages[1:], *found.negatives, found.gain, found.passage_id, *found.taught} - {None}
    return table.drop_columns(sorted(map(str, used))), {"text": found.query, "text_pair": None, "label": label}


def find_columns(table: pa.Table, told: DataOptions, *, asked: bool, graded: bool) -> Columns | None:
    """Which columns hold queries and passages, as told or by their names; None where that is not known."""
    free = {plain(name): name for name in reversed(table.column_names)}
    if (told.label or told.text_pair) and not asked:
        return None
    negatives = tuple(name for key, name in reversed(free.items()) if NEGATIVE.fullmatch(key))
    label = told.label if told.label in table.column_names else None
    graded_label = label is not None and _numeric(table[label])
    named = next((free[name] for name in GAIN if name in free and _numeric(table[free[name]])), None)
    gain = label if graded_label else named  # a label that is no number is the passages themselves
    passage_id = next((free[name] for name in _ID if name in free), None)
    query = told.text or next((free[name] for name in QUERY if name in free), None)
    names = (*POSITIVE, *(PASSAGE if asked else _CLEAR))
    known = next((free[name] for name in names if name in free and free[name] != query), None)
    passage = told.text_pair or (known if graded_label else label or known)
    if graded and label is not None and not graded_label and _is_class(table, label, told, names):
        return None
    if query is not None and passage is not None:
        if gain and graded and plain(query) not in QUERY:
            return None
        sure = asked or plain(passage) in POSITIVE or _labels(free) <= {gain}
        taught = tuple(next((free[name] for name in names if name in free), None) for names in TAUGHT)
        return Columns(query, (passage,), negatives, gain, passage_id, taught) if sure else None  # type: ignore[arg-type]
    pair = next(((free[one], free[two]) for one, two in PAIRS if {one, two} <= set(free)), None) if asked else None
    if pair is None or told.text or told.text_pair or (gain and graded):
        return None
    return Columns(pair[0], pair[1:], negatives, gain)


def graded_pairs(table: pa.Table, told: DataOptions) -> tuple[pa.Table, dict[str, Any]] | None:
    """The table, and the parts `text`, `text_pair` and `label` of two like texts, of which neither bears the name of a
    query, and a number; None where there are none, or a kind was told."""
    free = {plain(name): name for name in reversed(table.column_names)}
    pair = next(((free[one], free[two]) for one, two in PAIRS if {one, two} <= set(free)), (None, None))
    first, second = told.text or pair[0], told.text_pair or pair[1]
    label = told.label or next((free[name] for name in GAIN if name in free), None)
    there = {first, second, label} <= set(table.column_names)
    if not there or told.problem is not None or plain(str(first)) in QUERY or not _numeric(table[label]):
        return None
    return table, {"text": str(first), "text_pair": str(second), "label": str(label)}


def _is_class(table: pa.Table, label: str, told: DataOptions, names: tuple[str, ...]) -> bool:
    """Whether a column that was told as the label holds classes, of pairs or of texts, and not the passages: by its
    name it may be either, and its cells come again and again."""
    return told.text_pair is not None or (plain(label) not in names and recurs(table[label]))


def _labels(free: dict[str, str]) -> set[str | None]:
    return {free[name] for name in LABEL if name in free}


def _numeric(column: pa.ChunkedArray) -> bool:
    """Whether cells are numbers, or lists of them."""
    kind = column.type
    kind = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
    if not is_text(kind):
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
    return is_text(column.type) and not np.isnan(_numbers(column.slice(0, 1000))).all()


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Cells as numbers, NaN for those that are none."""
    return np.array([number_in(cell) for cell in column.to_pylist()], dtype=np.float64)


def _rows(table: pa.Table, found: Columns) -> list[list[dict[str, Any]]]:
    """Passages of each row."""
    gains = table[found.gain].to_pylist() if found.gain else [None] * table.num_rows
    ids = text_column(table[found.passage_id]).to_pylist() if found.passage_id else [None] * table.num_rows
    rows: list[list[dict[str, Any]]] = []
    columns = [table[name].to_pylist() for name in found.passages]
    others = [table[name].to_pylist() for name in found.negatives]
    said = [table[name].to_pylist() if name else [None] * table.num_rows for name in found.taught]
    for place, (gain, name) in enumerate(zip(gains, ids, strict=True)):
        items = [item for column in columns for item in _items(column[place])]
        grades = _grades(gain, items, found, place) if found.gain else [1.0] * len(items)
        negatives = [item for column in others for item in _items(column[place])]
        judged = [_passage(item, grade, name) for item, grade in zip(items, grades, strict=True)]
        judged += [_passage(item, 0.0, None) for item in negatives]
        taught = [
            score
            for side, (cells, of) in enumerate(((columns, items), (others, negatives)))
            for score in _taught(said[side][place], [one[place] for one in cells], len(of), found.taught[side], place)
        ]
        judged = [{**one, "taught": score} for one, score in zip(judged, taught, strict=True)]
        rows.append([one for one in judged if one["text"] or one["id"]])
    return rows


def _grades(gain: Any, items: Sequence[Any], found: Columns, place: int) -> list[float | None]:
    """The gain of each of a row's passages."""
    name = str(found.gain)
    if isinstance(gain, list):
        if len(gain) != len(items):
            counts: dict[str, Any] = {"passages": len(items), "gains": len(gain)}
            raise DataError("data.gain_lists", key=name, value=found.passages[0], row=place + 1, **counts)
        return [number_in(one) for one in gain]
    grade = number_in(gain)
    if np.isnan(grade) and as_text(gain):
        raise DataError("data.gain", key=name, value=gain, row=place + 1)
    return [grade] * len(items)


def _taught(said: Any, cells: Sequence[Any], count: int, name: str | None, place: int) -> list[float | None]:
    """A teacher's score of each of the passages of some cells that are there; None where it said nothing.

    Args:
        said: a number, a list of them, or such a list as JSON; count: passages that are there.
    """
    if said is None or name is None:
        return [None] * count
    passages = [item for cell in cells for item in _all(cell)]
    scores = said.strip("[] ").split(",") if isinstance(said, str) else said if isinstance(said, list) else [said]
    numbers = [number_in(score) for score in scores if score not in ("", None)]
    if len(numbers) != len(passages) or np.isnan(numbers).any():
        counts: dict[str, Any] = {"passages": len(passages), "scores": len(numbers)}
        raise DataError("data.taught", key=name, value=str(said), row=place + 1, **counts)
    return [score for item, score in zip(passages, numbers, strict=True) if item]


def _items(cell: Any) -> list[Any]:
    """The passages of a cell that are there."""
    return [item for item in _all(cell) if item]


def _all(cell: Any) -> list[Any]:
    """What is in a cell: in a list, a list written as JSON, or itself; nothing where it is empty."""
    if isinstance(cell, str) and cell.startswith(('["', "[{")):
        try:
            cell = json.loads(cell)
        except ValueError:
            return [cell]
    return list(cell) if isinstance(cell, list) else [cell] if cell else []


def _passage(item: Any, gain: float | None, name: str | None) -> dict[str, Any]:
    """A passage: a text, or an object with a text, perhaps a title and an id."""
    if not isinstance(item, dict):
        return {"id": name, "text": as_text(item), "gain": gain}
    text = titled(item.get("title"), next(_fields(item, "text"), None))
    return {"id": next(_fields(item, "id"), name), "text": text or None, "gain": gain}


def _fields(item: dict[str, Any], part: str) -> Iterator[str]:
    return (text for name in _IN[part] if (text := as_text(item.get(name))))


def titled(title: Any, text: Any) -> str:
    """A passage with its title in front."""
    return " ".join(filter(None, ((as_text(title) or "").strip(), as_text(text) or "")))


__all__ = ["Columns", "find_columns", "graded_pairs", "judged_table", "titled"]
