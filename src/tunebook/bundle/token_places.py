"""Where the tokens of texts stand in them, in code points: without blanks at their ends, with the marks behind them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import ModelError

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_LOST = 0.01  # of the letters: more than that, and the tokenizer does not read this language
_JOINER = 0x200D  # zero width joiner, which makes one emoji of several


@dataclass(frozen=True)
class Text:
    """The code points of all texts, one after the other.

    Attributes:
        codes: of shape (P,); ends: of each text, shape (N,); starts: likewise.
        blank: which are white space.
    """

    codes: NDArray[np.uint32]
    starts: Ints
    ends: Ints
    blank: Flags

    @classmethod
    def of(cls, texts: Sequence[str]) -> Text:
        """Those of these texts."""
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
        return cls(codes, np.concatenate([[0], ends[:-1]]), ends, np.isin(codes, _blanks()))


def tokens_of(texts: Sequence[str], text: Text, tokenizer: Any) -> tuple[NDArray[np.int32], Ints, Ints, Ints]:
    """Number, row, start and end of each token among the code points of all texts, without blanks at its ends; an empty
    one stands before what follows.

    Raises:
        ModelError: `tagging.tokenizer`: the tokenizer says no places; `tagging.loses`: it leaves out letters.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError("tagging.tokenizer", key="base_model", value=type(tokenizer).__name__)
    found = tokenizer(
        list(texts), add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False,
        return_token_type_ids=False, truncation=False, verbose=False,
    )  # fmt: skip
    counts = np.fromiter(map(len, found["input_ids"]), dtype=np.int64, count=len(texts))
    total = int(counts.sum())
    ids = np.fromiter(chain.from_iterable(found["input_ids"]), dtype=np.int32, count=total)
    flat = chain.from_iterable(chain.from_iterable(found["offset_mapping"]))
    places = np.fromiter(flat, dtype=np.int64, count=2 * total).reshape(-1, 2)
    row = np.repeat(np.arange(len(texts)), counts)
    start = _next(~text.blank)[places[:, 0] + text.starts[row]]
    end = _last(~text.blank)[places[:, 1] + text.starts[row]]
    mark = tokenizer.convert_tokens_to_ids("▁")  # it stands for a blank, but the first of a text has the next place
    empty = (start >= end) | ((ids == mark) if mark is not None and mark != tokenizer.unk_token_id else False)
    start = np.minimum(start, text.ends[row])
    return ids, row, start, _with_marks(text, row, start, np.where(empty, start, end))


def _with_marks(text: Text, row: Ints, start: Ints, end: Ints) -> Ints:
    """Ends that take in the combining marks behind a token, which some tokenizers leave out.

    Raises:
        ModelError: `tagging.loses`: the tokenizer leaves out letters and digits.
    """
    size = len(text.codes) + 1
    covered = np.cumsum(np.bincount(start, minlength=size) - np.bincount(end, minlength=size))[:-1] > 0
    bare = ~covered & ~text.blank
    if not bare.any():
        return end
    kinds = {code: unicodedata.category(chr(code)) for code in np.unique(text.codes[bare]).tolist()}
    lost = bare & np.isin(text.codes, [code for code, kind in kinds.items() if kind[0] in "LN"])
    if lost.sum() > _LOST * (~text.blank).sum():
        first = chr(int(text.codes[lost][0]))
        raise ModelError("tagging.loses", key="base_model", value=first, count=int(lost.sum()))
    marks = [code for code, kind in kinds.items() if kind[0] == "M" or code == _JOINER]
    behind = np.minimum(_next(~(bare & np.isin(text.codes, marks)))[end], text.ends[row])
    return np.where(end > start, behind, end)


def _next(kept: Flags) -> Ints:
    """The first kept place at or behind each, shape (P + 1,); the end where there is none."""
    places = np.where(np.append(kept, True), np.arange(len(kept) + 1), len(kept))
    return np.minimum.accumulate(places[::-1])[::-1]


def _last(kept: Flags) -> Ints:
    """The end of the last kept place before each, shape (P + 1,); the beginning where there is none."""
    return np.maximum.accumulate(np.append(0, np.where(kept, np.arange(len(kept)) + 1, 0)))


@cache
def _blanks() -> NDArray[np.uint32]:
    return np.array([code for code in range(0x3001) if chr(code).isspace()], dtype=np.uint32)


__all__ = ["Text", "tokens_of"]
