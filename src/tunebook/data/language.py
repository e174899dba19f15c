"""A guess at the language of texts: enough to tell which base models can read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Language = Literal["zh", "en", "mixed", "other"]
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[A-Za-z']+")
# The commonest English words; texts in other languages with Latin letters hold few of them.
_COMMON = (
    "the a an and or of to in is it i you my we was are be for on with that this have has not at as what how do can "
    "but they he she his her from so me your by if just will all"
)
_ENGLISH = frozenset(_COMMON.split())


def guess_language(texts: Sequence[str]) -> tuple[Language, float]:
    """The language of most texts, and the share of Han characters among all letters.

    `mixed` when between 10 and 80 % of the texts are Chinese; Japanese counts as `other`.
    """
    letters = [len(_LETTER.findall(text)) for text in texts]
    han = [len(_HAN.findall(text)) for text in texts]
    share = sum(han) / max(1, sum(letters))
    with_letters = sum(1 for count in letters if count)
    chinese = sum(1 for count, all_ in zip(han, letters, strict=True) if all_ and count >= 0.3 * all_)
    chinese_share = chinese / max(1, with_letters)
    kana = sum(len(_KANA.findall(text)) for text in texts)
    if kana > 0.1 * max(1, sum(letters)):
        return "other", share
    if chinese_share >= 0.8:
        return "zh", share
    if chinese_share > 0.1:
        return "mixed", share
    words = [word.lower() for text in texts for word in _WORD.findall(text)]
    english = sum(1 for word in words if word in _ENGLISH)
    return ("en" if words and english >= 0.12 * len(words) else "other"), share


__all__ = ["Language", "guess_language"]
