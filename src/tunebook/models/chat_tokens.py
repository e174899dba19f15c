"""The text of a conversation as tokens, with the characters that each stands for.

The whole text is read at once. Where a token would lie across the beginning of an answer the text is read in two parts
with their border there, for a model that is asked reads the first part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tunebook.core.errors import ModelError
from tunebook.models.chat_spans import Span
from tunebook.models.chat_text import ChatTextError, apart

_SIGNS = ("\n", "!", "a")


def tokens_of(tokenizer: Any, text: str, borders: Sequence[int] = ()) -> tuple[list[int], list[Span]]:
    """Token numbers of a text, and for each the characters from and to.

    Args:
        borders: over which no token may lie.

    Raises:
        ModelError: `chat.offsets`: the tokenizer does not tell where its tokens stand.
        ChatTextError: `special`: it makes a special token of words that look like one, come what may.
    """
    if not tokenizer.is_fast:
        raise ModelError("chat.offsets", key="base_model", value=type(tokenizer).__name__)
    ids: list[int] = []
    places: list[Span] = []
    for start, stop, plain in apart(text):
        parts = [(start, _read(tokenizer, text[start:stop], plain=plain, first=start == 0))]
        crossed = [border for border in borders if any(a < border - start < b for a, b in parts[0][1][1])]
        if crossed:
            edges = pairwise((start, *crossed, stop))
            parts = [(a, _read(tokenizer, text[a:b], plain=plain, first=a == 0)) for a, b in edges]
        for begin, (read, offsets) in parts:
            ids += read
            places += [(begin + a, begin + b) for a, b in offsets]
    return ids, places


def _read(tokenizer: Any, text: str, *, plain: bool, first: bool) -> tuple[list[int], list[Span]]:
    """A stretch of text. One that is not the first is read after a sign that does not melt into it and is taken off
    again: many tokenizers put a blank before what they take for the start of a text."""
    if not text:
        return [], []
    how = {"split_special_tokens": True} if plain else {}
    ids, offsets = _tokens(tokenizer, text, **how)
    for sign in () if first else _SIGNS:
        alone, _ = _tokens(tokenizer, sign, **how)
        longer, places = _tokens(tokenizer, f"{sign}{text}", **how)
        if longer[: len(alone)] == alone:
            ids, offsets = longer[len(alone) :], [(a - 1, b - 1) for a, b in places[len(alone) :]]
            break
    if plain and text in tokenizer.convert_ids_to_tokens(ids):
        raise ChatTextError("special", text)
    return ids, offsets


def _tokens(tokenizer: Any, text: str, **how: bool) -> tuple[list[int], list[Span]]:
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False, **how)
    return list(read["input_ids"]), list(read["offset_mapping"])


__all__ = ["tokens_of"]
