"""Rows that a model is asked about, of whatever was given: texts, tables, conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from tunebook.core.chat import question
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.core.task import Rows

if TYPE_CHECKING:
    from tunebook.data.clean import Places


def given_rows(texts: Any, pairs: Sequence[Any] | None, ref: DataRef) -> Rows:
    """Rows of whatever was given."""
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return text_rows(texts, pairs, ref)  # the usual case, which needs no Arrow
    from tunebook.data.external import texts_with_words
    from tunebook.data.in_memory import cells_of, json_cells, listed, table_of
    from tunebook.data.kind import column_kind

    texts = listed(texts)
    if of_chats(ref) and (found := _chats_given(texts, ref)) is not None:
        return found
    if of_preferences(ref) and (given := table_of(json_cells(texts))) is not None:
        from tunebook.data.answers_asked import answers_of

        return answers_of(ref, given, "texts")[0]
    table = table_of(texts)
    if table is None and column_kind(ref.labels.problem).of_words and _hold_words(texts):
        table = table_of({ref.roles.text: texts})
    if table is None:
        return text_rows(cells_of(texts, "predict: texts"), pairs, ref)
    names = (ref.roles.text, None if pairs is not None else ref.roles.text_pair)
    (first, second), words = texts_with_words(ref, table, names, "texts")
    rows = text_rows(first, second if pairs is None else pairs, ref)
    return rows if words is None else replace(rows, words=words)


def _chats_given(texts: Any, ref: DataRef) -> Rows | None:
    """Rows of conversations: lists of turns, or rows with columns; None of anything else."""
    from tunebook.data.chat_asked import chats_asked, lists_of_turns
    from tunebook.data.in_memory import json_cells, table_of

    table = table_of(json_cells([{"messages": row} for row in texts] if lists_of_turns(texts) else texts))
    if table is None:
        return None
    asked, chats = chats_asked(ref, table, "texts")
    return replace(text_rows(asked, None, ref), chats=chats)


def _hold_words(texts: Any) -> bool:
    """Whether the texts are lists of their words.

    Raises:
        DataError: `predict.words`, only some of them are.
    """
    if not isinstance(texts, list) or not any(isinstance(row, list) for row in texts):
        return False
    for number, row in enumerate(texts, 1):
        if row is not None and not (isinstance(row, list) and all(isinstance(word, str) for word in row)):
            raise DataError("predict.words", key="texts", value=number)
    return True


def text_rows(texts: Sequence[Any], pairs: Sequence[Any] | None, ref: DataRef) -> Rows:
    """Clean texts, as the model was trained to read them."""
    from tunebook.data.cells import as_text
    from tunebook.data.clean import clean_text
    from tunebook.data.kind import column_kind

    if (pairs is None) != (ref.roles.text_pair is None):
        code = "predict.pair_missing" if pairs is None else "predict.pair_unwanted"
        raise DataError(code, key="text_pair", value=ref.roles.text_pair)
    if pairs is not None and len(pairs) != len(texts):
        raise DataError("predict.pair_count", key="text_pair", value=len(pairs), allowed=str(len(texts)))
    kind, rules = column_kind(ref.labels.problem), tuple(ref.stats["cleaning"]["rules"])
    passages, names = _passages(ref) if kind.of_passages else (None, None)
    raw = [as_text(text) or "" for text in texts]
    second = None if pairs is None else [as_text(text) or "" for text in pairs]
    clean = [clean_text(text, rules) for text in raw]
    return Rows(
        texts=clean,
        pairs=None if second is None else [clean_text(text, rules) for text in second],
        targets=None,
        ids=[str(number) for number in range(len(texts))],
        words=kind.cut(clean, ref),
        raw=raw,
        back=[partial(_place_given, text, rules) for text in raw],
        raw_pairs=second,
        pair_back=None if second is None else [partial(_place_given, text, rules) for text in second],
        passages=passages,
        passage_ids=names,
        chats=[question(text) for text in raw] if of_chats(ref) else None,
    )


def _passages(ref: DataRef) -> tuple[list[str] | None, list[str] | None]:
    """Texts and ids of the book's passages, among which those of a query are found."""
    from tunebook.data.load import load_passages

    return load_passages(ref) or (None, None)


@lru_cache(maxsize=1)  # all that is found in a text is asked for at once
def _places(text: str, rules: tuple[str, ...]) -> Places:
    from tunebook.data.clean import clean_with_places

    return clean_with_places(text, rules)[1]


def _place_given(text: str, rules: tuple[str, ...], start: int, end: int) -> tuple[int, int]:
    """Where a part of the cleaned text lies in the text."""
    return _places(text, rules).given(start, end)


def of_chats(data: DataRef) -> bool:
    """Whether a book's rows are conversations."""
    from tunebook.data.kind import column_kind

    return data.task in column_kind(data.labels.problem).of_chats


def of_preferences(data: DataRef) -> bool:
    """Whether a book's rows are prompts with answers that were judged."""
    from tunebook.data.kind import column_kind

    return column_kind(data.labels.problem).of_preferences


__all__ = ["given_rows", "of_chats", "of_preferences", "text_rows"]
