"""A vocabulary cut to the tokens of some texts, for small devices: most of a multilingual model is its embeddings.

Kept are the tokens of the texts, all special ones, and every token that is one character or one byte, so that any other
text can still be read: in smaller pieces than before, which costs some of the score there. A text whose tokens are all
kept is read with the same tokens as before and answered with the same bits. `losses` tells of other texts how many are
read in other pieces.

Why the tokens of the texts stay the same: WordPiece takes the longest piece that fits, and the longest is kept;
of a Unigram model the best path is kept, and with the piece of the lowest score what an unknown character costs; of BPE
every merge that leads to a kept piece is kept, in its order. A vocabulary of whole words has no pieces to fall back on:
there other words become unknown, as words outside of it always were.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunebook.core.errors import PlanError
from tunebook.export.operators import Array

Json = dict[str, Any]
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_KINDS = ("WordPiece", "Unigram", "BPE", "WordLevel")


@dataclass(frozen=True)
class Cut:
    """A smaller vocabulary.

    Attributes:
        tokenizer: tokenizer.json; kept: numbers that its tokens had before, in order, shape (K,); before: how many
            tokens there were.
    """

    tokenizer: Json
    kept: Array
    before: int

    def number(self, old: int | None) -> int | None:
        """The number that a token has now; None where it is gone."""
        if old is None:
            return None
        place = int(np.searchsorted(self.kept, old))
        return place if place < len(self.kept) and int(self.kept[place]) == old else None


@dataclass(frozen=True)
class Losses:
    """What texts lose that the vocabulary was not cut for.

    Attributes:
        texts: how many; changed: of these, read in other pieces; before, after: tokens of a text, on average;
            unknown_before, unknown_after: tokens that stand for what cannot be read, in all texts.
    """

    texts: int
    changed: int
    before: float
    after: float
    unknown_before: int
    unknown_after: int


def cut(tokenizer: Json, texts: Iterable[str]) -> Cut:
    """A vocabulary for some texts, as they were cleaned.

    Args:
        tokenizer: tokenizer.json of a fast tokenizer.

    Raises:
        PlanError: `shrink.vocabulary_kind`: it is of another kind than WordPiece, Unigram, BPE and
            WordLevel.
    """
    kind = str(tokenizer["model"].get("type"))
    if kind not in _KINDS:
        raise PlanError("shrink.vocabulary_kind", key="tokenizer.json", value=kind, allowed=" | ".join(_KINDS))
    numbers = _numbers(tokenizer)
    used = {number for encoding in _read(tokenizer, texts) for number in encoding.ids}
    names = {name for name, number in numbers.items() if number in used} | _always(tokenizer, numbers)
    if kind == "BPE":
        names = _with_parts(tokenizer["model"]["merges"], names)
    kept = np.array(sorted({numbers[name] for name in names if name in numbers}), dtype=np.int64)
    return Cut(_rewritten(tokenizer, kept), kept, len(numbers))


def cut_embeddings(model: Any, found: Cut) -> Any:
    """A copy of a torch model that knows the tokens of the smaller vocabulary alone.

    Raises:
        PlanError: `shrink.vocabulary_tied`: the model gives tokens too, by the same matrix; `shrink.vocabulary_pad`:
            its places are counted from the number of the padding token, which would be another.
    """
    import torch
    from torch import nn

    if model.get_output_embeddings() is not None:
        raise PlanError("shrink.vocabulary_tied", key="model", value=str(model.config.model_type))
    pad = model.config.pad_token_id
    if found.number(pad) != pad:
        raise PlanError("shrink.vocabulary_pad", key="model", value=pad)
    old = model.get_input_embeddings()
    model.set_input_embeddings(nn.Embedding(1, 1))  # so that the large matrix is not copied
    try:
        smaller = copy.deepcopy(model)
    finally:
        model.set_input_embeddings(old)
    rows = old.weight.detach()[torch.from_numpy(found.kept)].clone()
    table = nn.Embedding(len(rows), rows.shape[1], padding_idx=old.padding_idx, _weight=rows)
    smaller.set_input_embeddings(table)
    smaller.config.vocab_size = len(found.kept)
    return smaller.eval()


def losses(tokenizer: Json, found: Cut, texts: Sequence[str]) -> Losses:
    """How texts are read with a smaller vocabulary that was not cut for them."""
    before, after = _read(tokenizer, texts), _read(found.tokenizer, texts)
    unknown = _unknown(tokenizer)
    tokens = [[one.tokens for one in side] for side in (before, after)]
    changed = sum(one != other for one, other in zip(*tokens, strict=True))
    said = [sum(token == unknown for one in side for token in one) for side in tokens]
    means = [float(np.mean([len(one) for one in side])) if side else 0.0 for side in tokens]
    return Losses(len(texts), changed, means[0], means[1], said[0], said[1])


def _read(tokenizer: Json, texts: Iterable[str]) -> list[Any]:
    """Encodings of whole texts."""
    from tokenizers import Tokenizer

    reader = Tokenizer.from_str(json.dumps(tokenizer))
    reader.no_truncation()
    reader.no_padding()
    return list(reader.encode_batch(list(texts)))


def _numbers(tokenizer: Json) -> dict[str, int]:
    """Token -> number, added ones with it."""
    vocabulary = tokenizer["model"]["vocab"]
    if isinstance(vocabulary, Mapping):
        found = {str(name): int(number) for name, number in vocabulary.items()}
    else:
        found = {str(name): number for number, (name, _) in enumerate(vocabulary)}
    return found | {item["content"]: int(item["id"]) for item in tokenizer["added_tokens"]}


def _always(tokenizer: Json, numbers: Mapping[str, int]) -> set[str]:
    """Tokens that any text may need: special ones, single characters, bytes, and what the cost of unknown ones hangs
    on."""
    model = tokenizer["model"]
    prefix = model.get("continuing_subword_prefix") or ""
    found = {name for name in numbers if len(name.removeprefix(prefix)) <= 1 or len(name) == 1 or _BYTE.fullmatch(name)}
    found |= {item["content"] for item in tokenizer["added_tokens"]} | {_unknown(tokenizer)}
    if model["type"] == "Unigram":
        found.add(min(model["vocab"], key=lambda item: item[1])[0])
    return {name for name in found if name in numbers}


def _unknown(tokenizer: Json) -> str:
    model = tokenizer["model"]
    if model["type"] == "Unigram":
        place = model.get("unk_id")
        return "" if place is None else str(model["vocab"][place][0])
    return str(model.get("unk_token") or "")


def _with_parts(merges: Sequence[Any], names: set[str]) -> set[str]:
    """Tokens with all those that they are merged of."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for one, other in map(_pair, merges):
        parts.setdefault(one + other, []).append((one, other))
    found, waiting = set(names), list(names)
    while waiting:
        for pair in parts.get(waiting.pop(), ()):
            waiting += [part for part in pair if part not in found]
            found |= set(pair)
    return found


def _pair(merge: Any) -> tuple[str, str]:
    one, other = merge.split(" ") if isinstance(merge, str) else merge
    return one, other


def _rewritten(tokenizer: Json, kept: Array) -> Json:
    """tokenizer.json with these tokens, numbered in their order."""
    found = copy.deepcopy({name: value for name, value in tokenizer.items() if name != "model"})
    number = {int(old): new for new, old in enumerate(kept)}
    model = dict(tokenizer["model"])
    vocabulary = model["vocab"]
    if isinstance(vocabulary, Mapping):
        model["vocab"] = {name: number[old] for name, old in vocabulary.items() if old in number}
    else:
        model["vocab"] = [item for place, item in enumerate(vocabulary) if place in number]
        model["unk_id"] = None if model.get("unk_id") is None else number[model["unk_id"]]
    if "merges" in model:
        has = model["vocab"].keys()
        pairs = [(merge, *_pair(merge)) for merge in model["merges"]]
        model["merges"] = [merge for merge, one, other in pairs if {one, other, one + other} <= has]
    for item in found["added_tokens"]:
        item["id"] = number[item["id"]]
    if found.get("padding"):
        found["padding"]["pad_id"] = number[found["padding"]["pad_id"]]
    _renumber(found.get("post_processor"), number)
    return {**found, "model": model}


def _renumber(processor: Any, number: Mapping[int, int]) -> None:
    """Give the special tokens that are put around texts their new numbers."""
    if not processor:
        return
    for inner in processor.get("processors", ()):
        _renumber(inner, number)
    for item in processor.get("special_tokens", {}).values() if processor["type"] == "TemplateProcessing" else ():
        item["ids"] = [number[old] for old in item["ids"]]
    for name in ("sep", "cls"):  # of the processors of BERT and RoBERTa: a token and its number
        if isinstance(processor.get(name), list):
            processor[name][1] = number[processor[name][1]]


__all__ = ["Cut", "Losses", "cut", "cut_embeddings", "losses"]
