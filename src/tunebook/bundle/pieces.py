"""Texts as windows of tokens, of which it is known which place of the text each stands for.

The smallest stretch of a text that gets a tag is a piece: a word where the words are known, else a token, or several
tokens that share a code point, as the bytes of an emoji do. A piece is read at its first token; the others are trained
to go on with it. A long text becomes several windows that overlap by a quarter, and each token counts in one of them:
the one where it has most context.

Columns of each token, beside `input_ids`:

    tagging.start, tagging.end   place of its piece in the text, in code points
    tagging.part                 ELSEWHERE (special, or counted in another window), FIRST of its piece, or REST
    tagging.window               number of the window within the row
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.token_places import Flags, Ints, Text, tokens_of
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError

Words = Sequence[Ints]
ELSEWHERE, FIRST, REST = 0, 1, 2
START, END, PART, WINDOW = "tagging.start", "tagging.end", "tagging.part", "tagging.window"
_OVERLAP = 4  # a window shares this part of its tokens with the next


@dataclass(frozen=True)
class _Tokens:
    """Tokens of all texts, one after the other, with their places among all code points; arrays of shape (T,)."""

    ids: NDArray[np.int32]
    row: Ints
    start: Ints
    end: Ints
    part: Ints


def encode(texts: Sequence[str], words: Words | None, tokenizer: Any, max_length: int) -> Encoded:
    """Windows of at most `max_length` tokens of each text, one after the other.

    Args:
        words: of each text the places of its words in order, shape (words, 2); None where they are not known.

    Raises:
        ModelError: `tagging.tokenizer`, `tagging.loses`, `tagging.max_length`.
    """
    text = Text.of(texts)
    ids, row, start, end = tokens_of(texts, text, tokenizer)
    tokens = _whole(text, ids, row, start, end) if words is None else _in_words(text, words, ids, row, start, end)
    return _windows(tokens, text, _around(tokenizer), max_length)


def _whole(text: Text, ids: NDArray[np.int32], row: Ints, start: Ints, end: Ints) -> _Tokens:
    """Pieces of one token each, or of those that share a code point."""
    full = end > start
    reach = np.maximum.accumulate(np.concatenate([[0], np.where(full, end, 0)]))
    first = full & (start >= reach[:-1])
    return _pieces(ids, row, start, end, first, full)


def _in_words(text: Text, words: Words, ids: NDArray[np.int32], row: Ints, start: Ints, end: Ints) -> _Tokens:
    """Pieces of the tokens that begin within one word; a word in which none begins belongs to that before it."""
    counts = [len(each) for each in words]
    places = np.concatenate([np.empty((0, 2), dtype=np.int64), *words]) + np.repeat(text.starts, counts)[:, None]
    if not len(places):
        places = np.full((1, 2), -1)
    own = np.searchsorted(places[:, 0], start, side="right") - 1
    full = (end > start) & (own >= 0) & (start < places[own, 1])
    before = np.maximum.accumulate(np.concatenate([[-1], np.where(full, own, -1)]))
    last = np.searchsorted(places[:, 0], end, side="left") - 1
    start = np.where(full, places[own, 0], start)
    return _pieces(ids, row, start, places[last, 1], full & (own > before[:-1]), full)


def _pieces(ids: NDArray[np.int32], row: Ints, start: Ints, end: Ints, first: Flags, full: Flags) -> _Tokens:
    """Tokens that have the place of their piece; those outside of all pieces keep their own, which is empty."""
    heads = np.flatnonzero(first)
    if len(heads):
        own = np.cumsum(first) - 1
        begins = start[heads]
        ends = np.maximum.reduceat(np.where(full, end, 0), heads)
        ends[:-1] = np.minimum(ends[:-1], begins[1:])
        start, end = np.where(full, begins[own], start), ends[own]
    end = np.where(full, end, start)
    return _Tokens(ids, row, start, end, np.where(first, FIRST, REST))


def _windows(tokens: _Tokens, text: Text, around: tuple[list[int], list[int]], max_length: int) -> Encoded:
    """The tokens of each row cut into windows with special tokens around them."""
    before, behind = around
    room = max_length - len(before) - len(behind)
    if room < _OVERLAP:
        least = _OVERLAP + len(before) + len(behind)
        raise ModelError("tagging.max_length", key="max_length", value=max_length, allowed=f">= {least}")
    counts = np.bincount(tokens.row, minlength=len(text.ends))
    step = room - room // _OVERLAP
    number = 1 + np.maximum(-(-(counts - room) // step), 0)  # windows of each row
    row = np.repeat(np.arange(len(counts)), number)
    window = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    left = np.minimum(window * step, np.maximum(counts[row] - room, 0))
    right = np.minimum(left + room, counts[row])
    # Of two windows each counts its half of what they share.
    middle = (left[1:] + right[:-1]) // 2
    since = np.where(window > 0, np.concatenate([[0], middle]), left)
    until = np.where(np.concatenate([window[1:] > 0, [False]]), np.concatenate([middle, [0]]), right)
    sizes = right - left + len(before) + len(behind)
    own = np.repeat(np.arange(len(row)), sizes)  # the window of each token that comes out
    at = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes) - len(before) + left[own]
    inner = (at >= left[own]) & (at < right[own])
    place = np.where(inner, at + (np.cumsum(counts) - counts)[row[own]], 0)
    counted = inner & (at >= since[own]) & (at < until[own])
    ids = np.zeros(len(own), dtype=np.int32)
    ids[inner] = tokens.ids[place[inner]]
    ids[~inner] = np.tile([*before, *behind], len(row))
    base = text.starts[row[own]]
    columns = {"input_ids": ids, WINDOW: window[own]}
    for name, values in ((START, tokens.start), (END, tokens.end)):
        columns[name] = np.zeros(len(own), dtype=np.int64)
        columns[name][counted] = values[place[counted]] - base[counted]
    columns[PART] = np.full(len(own), ELSEWHERE)
    columns[PART][counted] = tokens.part[place[counted]]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, weights=sizes, minlength=len(counts)))]).astype(np.int64)
    return Encoded({name: values.astype(np.int32) for name, values in columns.items()}, offsets, {})


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Special tokens before and behind a single text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    found = tokenizer("a", add_special_tokens=True)["input_ids"]
    more = len(found) - len(bare)
    head = next(size for size in range(more + 1) if found[size : size + len(bare)] == bare)
    return found[:head], found[head + len(bare) :]


__all__ = ["ELSEWHERE", "END", "FIRST", "PART", "REST", "START", "WINDOW", "encode"]
