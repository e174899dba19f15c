"""Questions and contexts as tokens, of which it is known which place of the context each stands for.

The question stands before each window of the context; a long context becomes several windows, and each shares a quarter
of its tokens with the next, so that an answer at the end of one stands whole in the other.

Columns of each token, beside `input_ids` and, where the model knows of them, `token_type_ids`:

    answering.start, answering.end   its place in the context, in code points
    answering.inside                 1 where it is of the context and stands for anything there
    answering.window                 number of the window within the row
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.frames import TYPES, Frame, frame_of
from tunebook.bundle.token_places import Text, tokens_of
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError

START, END, INSIDE, WINDOW = "answering.start", "answering.end", "answering.inside", "answering.window"
_ASKED = 64  # tokens of a question that are read at most, or half of what there is
_PART = 4  # of a window, that it shares with the next
_LEAST = 8  # tokens that two texts need
Ids = NDArray[np.int32]
Tokens = tuple[Ids, NDArray[np.int64], NDArray[np.int64]]  # ids, starts and ends of one text


def encode(questions: Sequence[str], contexts: Sequence[str], tokenizer: Any, max_length: int) -> Encoded:
    """Windows of at most `max_length` tokens of each row, one after the other.

    Raises:
        ModelError: `tagging.tokenizer`, `tagging.loses`, `answering.max_length`.
    """
    frame = frame_of(tokenizer)
    room = max_length - frame.size
    if room < _LEAST:
        raise ModelError(
            "answering.max_length", key="max_length", value=max_length, allowed=f">= {frame.size + _LEAST}"
        )
    number = {text: place for place, text in enumerate(dict.fromkeys(contexts))}
    known = _tokens(list(number), tokenizer)
    asked = [ids[: min(_ASKED, room // 2)] for ids, _, _ in _tokens(questions, tokenizer)]
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("input_ids", TYPES, START, END, INSIDE, WINDOW)}
    sizes = []
    for question, context in zip(asked, contexts, strict=True):
        lines = _windows(question, known[number[context]], frame, room)
        sizes.append(sum(len(line["input_ids"]) for line in lines))
        for line in lines:
            for name, values in line.items():
                parts[name].append(values)
    flat = {
        name: np.concatenate([np.zeros(0, dtype=np.int32), *values]).astype(np.int32)
        for name, values in parts.items()
        if name != TYPES or frame.types is not None
    }
    return Encoded(flat, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), {})


def _tokens(texts: Sequence[str], tokenizer: Any) -> list[Tokens]:
    """Ids and places of the tokens of each text."""
    if not texts:
        return []
    whole = Text.of(texts)
    ids, row, start, end = tokens_of(texts, whole, tokenizer)
    borders = np.searchsorted(row, np.arange(1, len(texts)))
    columns = (ids, start - whole.starts[row], end - whole.starts[row])
    return list(zip(*(np.split(column, borders) for column in columns), strict=True))


def _windows(question: Ids, context: Tokens, frame: Frame, room: int) -> list[dict[str, NDArray[Any]]]:
    """The windows of one row."""
    own, count = room - len(question), len(context[0])
    step = own - own // _PART
    lines = []
    for window in range(1 + max(-(-(count - own) // step), 0)):
        left = min(window * step, max(count - own, 0))
        ids, start, end = (column[left : left + own] for column in context)
        pieces = (frame.parts[0], question, frame.parts[1], ids, frame.parts[2])
        lengths = [len(piece) for piece in pieces]
        begin = sum(lengths[:3])
        line = {"input_ids": np.concatenate(pieces), WINDOW: np.full(sum(lengths), window)}
        for name, values in ((START, start), (END, end), (INSIDE, end > start)):
            line[name] = np.zeros(sum(lengths), dtype=np.int64)
            line[name][begin : begin + len(ids)] = values
        if frame.types is not None:
            line[TYPES] = np.repeat(np.array(frame.types), lengths)
        lines.append(line)
    return lines


__all__ = ["END", "INSIDE", "START", "WINDOW", "encode"]
