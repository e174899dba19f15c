"""Where the tokens of a line stand in the texts that it was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from tunebook.core.errors import ModelError
from tunebook.explain.units import Piece

NOWHERE = Piece("", 0, 0)


def pieces_of(ids: Sequence[int], texts: Mapping[str, str], tokenizer: Any) -> list[Piece]:
    """The place of each token of a line.

    A line holds, in the order of its parts, a stretch of the tokens of each: all of them, or those before a cut, or
    those of a window. The longest stretch that both have in common is it.

    Args:
        texts: part -> its text.

    Raises:
        ModelError: `explain.tokenizer`: the tokenizer does not say where its tokens stand.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError("explain.tokenizer", key="base_model", value=type(tokenizer).__name__)
    for way in (_at_once, _as_read):
        found = way(ids, texts, tokenizer)
        if found is not None:
            return found
    return _one_by_one(ids, texts, tokenizer)


def _at_once(ids: Sequence[int], texts: Mapping[str, str], tokenizer: Any) -> list[Piece] | None:
    """The places where the line is what the tokenizer makes of these texts; None where it is not."""
    if len(texts) > 2:
        return None
    given = [[text] for text in texts.values()]
    read = tokenizer(
        *given, truncation=True, max_length=len(ids), return_offsets_mapping=True, verbose=False
    )  # the longer text is cut first, as classifiers read them
    if list(read["input_ids"][0]) != list(ids):
        return None
    names = list(texts)
    parts = read.sequence_ids(0)
    return [
        NOWHERE if part is None else _piece(names[part], texts[names[part]], *place)
        for part, place in zip(parts, read["offset_mapping"][0], strict=True)
    ]


def _as_read(ids: Sequence[int], texts: Mapping[str, str], tokenizer: Any) -> list[Piece] | None:
    """The places of an only text inside of what the tokens read as, such as a conversation; None where that does not
    hold it as it stands. A token that only begins a character shares its place with those that go on."""
    ((name, text),) = texts.items() if len(texts) == 1 else [("", "")]
    begin = tokenizer.decode(list(ids)).find(text) if text else -1
    if begin < 0:
        return None
    ends = [len(tokenizer.decode(list(ids[:count]))) - begin for count in range(len(ids) + 1)]
    found: list[Piece] = []
    for start, end in pairwise(ends):
        if start < 0 < end:
            start = 0
        inside = start >= 0 and end <= len(text)
        same = inside and end <= start and found and found[-1].part
        found.append(found[-1] if same else _piece(name, text, start, end) if inside else NOWHERE)
    return found


def _one_by_one(ids: Sequence[int], texts: Mapping[str, str], tokenizer: Any) -> list[Piece]:
    """The places of the stretch of each text."""
    found, begin = [NOWHERE] * len(ids), 0
    for name, text in texts.items():
        read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        own, rest = list(read["input_ids"]), list(ids[begin:])
        if not own or not rest:
            continue
        same = SequenceMatcher(None, rest, own, autojunk=False).find_longest_match()
        for step in range(same.size):
            found[begin + same.a + step] = _piece(name, text, *read["offset_mapping"][same.b + step])
        begin += same.a + same.size
    return found


def _piece(part: str, text: str, start: int, end: int) -> Piece:
    """A token without blanks at its ends; one of blanks alone belongs to no part."""
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    end = start + len(inner.strip())
    return Piece(part, start, end) if end > start else NOWHERE


__all__ = ["NOWHERE", "pieces_of"]
