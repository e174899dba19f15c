"""A query and each of its passages as pairs of tokens; a long passage becomes several windows that overlap.

Columns of each token, beside `input_ids` and, where the model knows of them, `token_type_ids`:

    ranking.place       which of the row's judgements it belongs to
    reranking.window    number of the window within the passage

A pair is what the tokenizer makes of the two texts together. What is longer is not cut: as in BCEmbedding's reranker
the query stands before each window of the passage, and a window shares min(80, a quarter) of its tokens with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.frames import TYPES, Frame, frame_of
from tunebook.core.answers import Rows
from tunebook.core.encoded import Encoded, join
from tunebook.core.errors import DataError, ModelError
from tunebook.core.judged import Judged

PLACE = "ranking.place"  # of a token's judgement among those of its row; -1 for tokens of the query alone
WINDOW = "reranking.window"
_OVERLAP, _PART = 80, 4  # tokens, and part of a window, that it shares with the next at most
_ROOM = 100  # tokens of a passage that a query leaves room for, or half of what there is
_LEAST = 8  # tokens that two texts need
_AT_ONCE = 500_000  # tokens that are put together at once
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Texts:
    """Tokens of texts, one after the other, and where each begins and how many it has."""

    ids: NDArray[np.int32]
    start: Ints
    size: Ints


def encode(rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
    """Windows of at most `max_length` tokens of each row's pairs, one after the other.

    Raises:
        DataError: `reranking.no_candidates`, a row has no passages; `reranking.alone`, no row has. ModelError:
            `reranking.max_length`.
    """
    if rows.targets is None or rows.passages is None:
        raise DataError("reranking.alone", key=rows.ids[0] if rows.ids else "")
    judged = Judged.of(rows.targets)
    if not judged.counts.all():
        raise DataError("reranking.no_candidates", key=rows.ids[int(np.argmin(judged.counts))])
    frame = frame_of(tokenizer)
    room = max_length - frame.size
    if room < _LEAST:
        least = f">= {frame.size + _LEAST}"
        raise ModelError("reranking.max_length", key="max_length", value=max_length, allowed=least)
    used, number = np.unique(judged.passage, return_inverse=True)
    queries = _tokens(rows.texts, tokenizer)
    passages = _tokens([rows.passages[passage] for passage in used.tolist()], tokenizer)
    queries = _Texts(queries.ids, queries.start, np.minimum(queries.size, room - min(_ROOM, room // 2)))
    ends = np.cumsum(judged.counts)
    costs = np.bincount(judged.row, weights=passages.size[number] + queries.size[judged.row]).cumsum() // _AT_ONCE
    parts = []
    for lines in np.split(np.arange(len(judged.row)), ends[:-1][np.diff(costs) > 0]):
        found = (judged.row[lines], judged.places[lines], number[lines])
        parts.append(_windows(found, queries, passages, frame, room))
    return join(parts)


def _windows(pairs: tuple[Ints, Ints, Ints], queries: _Texts, passages: _Texts, frame: Frame, room: int) -> Encoded:
    """The windows of some pairs, of all passages of some rows.

    Args:
        pairs: row, place among the row's judgements, and number of the passage.
    """
    row, place, passage = pairs
    own, whole = room - queries.size[row], passages.size[passage]
    step = own - np.minimum(_OVERLAP, own // _PART)
    counts = 1 + np.maximum(-(-(whole - own) // step), 0)
    of = np.repeat(np.arange(len(row)), counts)  # the pair of each window
    window = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = window * step[of]
    sizes = (
        len(frame.parts[0]), queries.size[row][of], len(frame.parts[1]), np.minimum(whole[of] - left, own[of]),
        len(frame.parts[2]),
    )  # fmt: skip
    borders = np.cumsum(np.stack([np.broadcast_to(size, len(of)) for size in sizes]), axis=0)
    line = np.repeat(np.arange(len(of)), borders[-1])
    at = np.arange(len(line)) - np.repeat(np.cumsum(borders[-1]) - borders[-1], borders[-1])
    part = (at >= borders[:, line]).sum(axis=0)
    inner = at - np.where(part > 0, borders[np.maximum(part - 1, 0), line], 0)
    ids = np.zeros(len(line), dtype=np.int32)
    for number, special in zip((0, 2, 4), frame.parts, strict=True):
        ids[part == number] = special[inner[part == number]]
    begins = (queries.start[row][of], passages.start[passage][of] + left)
    for number, begin, texts in zip((1, 3), begins, (queries, passages), strict=True):
        ids[part == number] = texts.ids[begin[line[part == number]] + inner[part == number]]
    flat = {"input_ids": ids, PLACE: place[of][line].astype(np.int32), WINDOW: window[line].astype(np.int32)}
    if frame.types is not None:
        flat[TYPES] = np.array(frame.types, dtype=np.int32)[part]
    first = int(row[0])
    lengths = np.bincount(row[of] - first, weights=borders[-1], minlength=int(row[-1]) - first + 1)
    return Encoded(flat, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), {})


def _tokens(texts: Sequence[str], tokenizer: Any) -> _Texts:
    found = tokenizer(
        list(texts), add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False,
        truncation=False, verbose=False,
    )["input_ids"]  # fmt: skip
    size = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    ids = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(size.sum()))
    return _Texts(ids, np.cumsum(size) - size, size)


__all__ = ["PLACE", "TYPES", "WINDOW", "encode"]
