"""Queries and their passages in columns of a table: pairs, triplets, lists of relevant and other passages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tunebook.data.cells import as_text
from tunebook.data.columns import text_column
from tunebook.data.gains import gain_in, gains_of, numeric, readable, refuse_words, said, taught_of, worded
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
        DataError: `data.gain_words`, a column of that name says no gains; `data.gain`, one of them is no number;
            `data.gain_lists`, they are not as many as the passages;
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
    """Which columns hold queries and passages, as told or by their names; None where that is not known.

    Raises:
        DataError: `data.gain_words`.
    """
    free = {plain(name): name for name in reversed(table.column_names)}
    query = told.text or next((free[name] for name in QUERY if name in free), None)
    if not asked and (told.label or told.text_pair or query is None):
        return None
    negatives = tuple(name for key, name in reversed(free.items()) if NEGATIVE.fullmatch(key))
    names = (*POSITIVE, *(PASSAGE if asked else _CLEAR))
    passage_id = next((free[name] for name in _ID if name in free), None)
    known = next((free[name] for name in names if name in free and free[name] != query), None)
    pair = next(((free[one], free[two]) for one, two in PAIRS if {one, two} <= set(free)), None) if asked else None
    beside = graded or known is not None or (pair is not None and told.label not in pair)
    label, gain = _gain(table, told, free, names if beside else None)
    passage = told.text_pair or (known if gain == label else label or known)
    if graded and label is not None and gain == label and not readable(table[label]):
        return None
    if query is not None and passage is not None:
        if gain and graded and plain(query) not in QUERY:
            return None
        counted = {gain} if gain and numeric(table[gain]) else set()  # words beside two texts may be a class of both
        if not (asked or plain(passage) in POSITIVE or _labels(free) <= counted):
            return None
        if gain:
            refuse_words(table[gain], gain, passage)
        taught = tuple(next((free[name] for name in names if name in free), None) for names in TAUGHT)
        return Columns(query, (passage,), negatives, gain, passage_id, taught)  # type: ignore[arg-type]
    if pair is None or told.text or told.text_pair or (gain and graded):
        return None
    if gain:
        refuse_words(table[gain], gain, pair[1])
    return Columns(pair[0], pair[1:], negatives, gain)


def _gain(
    table: pa.Table, told: DataOptions, free: dict[str, str], names: tuple[str, ...] | None
) -> tuple[str | None, str | None]:
    """The column that was told to be the label, and that of gains: the same one, unless it is the passages themselves.

    Where passages were told to be the label, a column beside them that cannot be read as gains is left alone.
    """
    label = told.label if told.label in table.column_names else None
    if label is not None and (numeric(table[label]) or _is_class(table, label, told, names)):
        return label, label
    named = _named_gain(table, free, {told.text, told.text_pair, label})
    return label, None if label is not None and named is not None and not readable(table[named]) else named


def _named_gain(table: pa.Table, free: dict[str, str], taken: set[str | None]) -> str | None:
    """The first column that bears the name of a gain, holds anything and plays no other part."""
    named = (free[name] for name in GAIN if name in free and free[name] not in taken)
    return next((name for name in named if numeric(table[name]) or said(table[name])), None)


def graded_pairs(table: pa.Table, told: DataOptions) -> tuple[pa.Table, dict[str, Any]] | None:
    """The table, and the parts `text`, `text_pair` and `label` of two like texts, of which neither bears the name of a
    query, and a number; None where there are none, or a kind was told."""
    free = {plain(name): name for name in reversed(table.column_names)}
    pair = next(((free[one], free[two]) for one, two in PAIRS if {one, two} <= set(free)), (None, None))
    first, second = told.text or pair[0], told.text_pair or pair[1]
    label = told.label or _named_gain(table, free, {first, second})
    there = {first, second, label} <= set(table.column_names)
    if not there or told.problem is not None or plain(str(first)) in QUERY or not readable(table[label]):
        return None
    if not numeric(table[label]):
        cells = pa.array([gain_in(cell) for cell in table[label].to_pylist()], pa.float64(), from_pandas=True)
        table = table.set_column(table.column_names.index(str(label)), str(label), cells)
    return table, {"text": str(first), "text_pair": str(second), "label": str(label)}


def _is_class(table: pa.Table, label: str, told: DataOptions, names: tuple[str, ...] | None) -> bool:
    """Whether a column that was told as the label holds classes, of pairs or of texts, and not the passages: these were
    told, or by its name it may be either, and its cells come again and again, or say yes and no.

    Args:
        names: of passages; None where there are no other columns that may be the passages.
    """
    if told.text_pair is not None or names is None:
        return told.text_pair is not None
    return plain(label) not in names and (recurs(table[label]) or worded(table[label]))


def _labels(free: dict[str, str]) -> set[str | None]:
    return {free[name] for name in LABEL if name in free}


def _rows(table: pa.Table, found: Columns) -> list[list[dict[str, Any]]]:
    """Passages of each row."""
    gains = table[found.gain].to_pylist() if found.gain else [None] * table.num_rows
    ids = text_column(table[found.passage_id]).to_pylist() if found.passage_id else [None] * table.num_rows
    rows: list[list[dict[str, Any]]] = []
    columns = [table[name].to_pylist() for name in found.passages]
    others = [table[name].to_pylist() for name in found.negatives]
    scores = [table[name].to_pylist() if name else [None] * table.num_rows for name in found.taught]
    for place, (gain, name) in enumerate(zip(gains, ids, strict=True)):
        items = [item for column in columns for item in _all(column[place])]
        of = str(found.gain), found.passages[0]
        grades = gains_of(gain, len(items), of, place + 1) if found.gain else [1.0] * len(items)
        negatives = [item for column in others for item in _all(column[place])]
        judged = [_passage(item, grade, name) for item, grade in zip(items, grades, strict=True)]
        judged += [_passage(item, 0.0, None) for item in negatives]
        taught = [
            score
            for side, of_side in enumerate((items, negatives))
            for score in taught_of(scores[side][place], len(of_side), found.taught[side], place + 1)
        ]
        rows.append([{**one, "taught": score} for one, score in zip(judged, taught, strict=True)])
    return rows


def _all(cell: Any) -> list[Any]:
    """What is in a cell: in a list, a list written as JSON, or itself; nothing where it is empty."""
    if isinstance(cell, str) and cell.startswith(('["', "[{")):
        try:
            cell = json.loads(cell)
        except ValueError:
            return [cell]
    return list(cell) if isinstance(cell, list) else [cell] if cell else []


def _passage(item: Any, gain: float | None, name: str | None) -> dict[str, Any]:
    """A passage: a text, or an object with a text, perhaps a title and an id. One with neither has a blank text: what
    is left out is counted later."""
    if not isinstance(item, dict):
        text = as_text(item) or ""
        return {"id": name, "text": text if text or not name else None, "gain": gain}
    text, known = titled(item.get("title"), next(_fields(item, "text"), None)), next(_fields(item, "id"), name)
    return {"id": known, "text": text if text or not known else None, "gain": gain}


def _fields(item: dict[str, Any], part: str) -> Iterator[str]:
    return (text for name in _IN[part] if (text := as_text(item.get(name))))


def titled(title: Any, text: Any) -> str:
    """A passage with its title in front."""
    return " ".join(filter(None, ((as_text(title) or "").strip(), as_text(text) or "")))


__all__ = ["Columns", "find_columns", "graded_pairs", "judged_table", "titled"]
