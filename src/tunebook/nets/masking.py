"""Raw text as rows of a language model: documents packed one after the other, words masked at random."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.encoded import Encoded
from tunebook.core.errors import DataError, MachineError, ModelError
from tunebook.core.params import Params, Row, Search

MaskShare = Annotated[
    float,
    Field(gt=0, lt=1),
    Row(
        "share of the tokens to fill in (mlm)",
        zh="需要预测的词元比例（mlm）",
        aliases=("mlm_probability",),
        search=Search(0.1, 0.4),
    ),
]
WholeWords = Annotated[
    bool,
    Row(
        "mask all pieces of a word together, Chinese words too (mlm)",
        zh="整词遮盖，中文按词遮盖（mlm）",
        aliases=("whole_word_masking", "wwm"),
    ),
]
IGNORED = -100  # a label that no loss looks at
WORD = "draw.word"  # column with the word of each token: equal numbers side by side are one word, -1 is never masked
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]+")
_MASKED, _RANDOM = 0.8, 0.9  # of the tokens to fill in: 80 % masked, 10 % another token, 10 % left as they are


class Masking(Params):
    """What is masked of raw text."""

    mask_share: MaskShare
    whole_words: WholeWords


def pack_documents(texts: Sequence[str], tokenizer: Any, max_length: int, *, words: bool) -> Encoded:
    """All tokens of the texts in rows of `max_length`, a separator after each text; only the last row is shorter.

    Args:
        words: with the column of words.

    Raises:
        ModelError: `stages.tokenizer`: words are wanted and the tokenizer does not tell where its tokens stand.
    """
    if words and not tokenizer.is_fast:
        raise ModelError("stages.tokenizer", key="base_model", value=type(tokenizer).__name__)
    read = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=words, verbose=False)
    end = [token for token in (tokenizer.sep_token_id, tokenizer.eos_token_id) if token is not None][:1]
    ids = _stream([(*document, *end) for document in read["input_ids"]])
    columns = {"input_ids": ids}
    if words:
        numbered = [
            (*word_numbers(text, spans, read.word_ids(place)), *(-1 for _ in end))
            for place, (text, spans) in enumerate(zip(texts, read["offset_mapping"], strict=True))
        ]
        columns[WORD] = np.where(ids == tokenizer.unk_token_id, -1, _stream(numbered))
    return _rows(columns, *_around(tokenizer, texts), max_length)


def _stream(parts: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    return np.fromiter(chain.from_iterable(parts), dtype=np.int32, count=sum(map(len, parts)))


def _around(tokenizer: Any, texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and after a text."""
    text = next((text for text in texts if tokenizer(text, add_special_tokens=False)["input_ids"]), "a")[:50]
    bare, whole = (tokenizer(text, add_special_tokens=special)["input_ids"] for special in (False, True))
    start = next(n for n in range(len(whole)) if whole[n : n + len(bare)] == bare)
    return whole[:start], whole[start + len(bare) :]


def _rows(columns: dict[str, NDArray[np.int32]], first: list[int], last: list[int], length: int) -> Encoded:
    """Streams cut into rows of this length, with special tokens at both ends."""
    room = length - len(first) - len(last)
    total = len(columns["input_ids"])
    sizes = [min(room, total - start) + len(first) + len(last) for start in range(0, total, room)]
    flat = {}
    for name, stream in columns.items():
        ends = (first, last) if name == "input_ids" else ([-1] * len(first), [-1] * len(last))
        parts = [part for start in range(0, total, room) for part in (ends[0], stream[start : start + room], ends[1])]
        flat[name] = np.concatenate([np.asarray(part, dtype=np.int32) for part in parts])
    return Encoded(flat, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), {})


def word_numbers(text: str, spans: Sequence[tuple[int, int]], pieces: Sequence[int | None]) -> list[int]:
    """The word of each token: those of the tokenizer, and of Chinese text the words that jieba finds.

    Args:
        spans: where each token stands in the text; pieces: the tokenizer's own words.
    """
    chinese = chinese_words(text)
    numbers: list[int] = []
    last: Any = None
    for (start, stop), piece in zip(spans, pieces, strict=True):
        start += len(text[start:stop]) - len(text[start:stop].lstrip())
        word = ("zh", chinese[start]) if start in chinese else ("", piece)
        numbers.append(numbers[-1] + (word != last) if numbers else 0)
        last = word
    return numbers


def chinese_words(text: str) -> dict[int, int]:
    """Place of each Chinese character -> place where its word begins."""
    found: dict[int, int] = {}
    for run in _HAN.finditer(text):
        place = run.start()
        for word in segmenter().cut(run.group()):
            found |= dict.fromkeys(range(place, place + len(word)), place)
            place += len(word)
    return found


@cache
def segmenter() -> Any:
    """jieba. Raises a MachineError, `machine.extra`, where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it was written for an older Python
            import jieba
    except ModuleNotFoundError as error:
        raise MachineError("machine.extra", key="jieba", extra="train") from error
    jieba.setLogLevel("ERROR")
    return jieba


def mask(rows: Encoded, tokenizer: Any, *, share: float, whole: bool, seed: Sequence[int]) -> Encoded:
    """Rows with masked tokens in `input_ids`, and in `labels` what stood there (elsewhere IGNORED).

    Each word, or each token, is chosen with the probability `share`, and at least one of each row. Of the chosen tokens
    80 % become the mask, 10 % a token drawn from the vocabulary, 10 % stay. What is drawn hangs on the seed and on the
    place of a row among the rows alone, not on how they are put into batches.

    Raises:
        DataError: `stages.no_targets`: no row has a token that can be masked.
    """
    draw = np.random.Generator(np.random.PCG64(list(seed)))
    ids, words = rows.flat["input_ids"], rows.flat[WORD]
    able = words >= 0
    if not able.any():
        raise DataError("stages.no_targets", key="pretrain.file")
    new = np.ones(len(ids), dtype=bool)
    if whole:
        new[1:] = words[1:] != words[:-1]
        new[rows.offsets[:-1]] = True
    unit = np.cumsum(new) - 1
    chance = np.where(able, draw.random(unit[-1] + 1)[unit], np.inf)
    lowest = np.repeat(np.minimum.reduceat(chance, rows.offsets[:-1]), rows.lengths)
    chosen = able & ((chance < share) | (chance == lowest))
    fate = draw.random(len(ids))
    others = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    shown = np.where(chosen & (fate < _MASKED), tokenizer.mask_token_id, ids)
    swapped = chosen & (fate >= _MASKED) & (fate < _RANDOM)
    shown = np.where(swapped, draw.choice(others, len(ids)), shown).astype(np.int32)
    labels = np.where(chosen, ids, IGNORED).astype(np.int32)
    return Encoded({**rows.flat, "input_ids": shown, "labels": labels}, rows.offsets, rows.fixed)


__all__ = [
    "IGNORED", "WORD", "MaskShare", "Masking", "WholeWords", "chinese_words", "mask", "pack_documents", "segmenter",
    "word_numbers",
]  # fmt: skip
