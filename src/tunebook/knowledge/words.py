"""A question in words, taken apart: English by spaces, Chinese by pairs of characters, since it has no spaces."""

from __future__ import annotations

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\s{_HAN}，。、；：,;]+")
_HAN_RUN = re.compile(rf"[{_HAN}]+")


def pieces(question: str) -> list[str]:
    """What a text must hold to answer a question; of a long Chinese word any two neighbouring characters.

    `small 中文分类` gives `small`, `中文`, `文分`, `分类`.
    """
    found: list[str] = []
    for word in _PIECE.findall(question.lower()):
        if _HAN_RUN.fullmatch(word) and len(word) > 2:
            found += [word[start : start + 2] for start in range(len(word) - 1)]
        else:
            found.append(word)
    return list(dict.fromkeys(found))


__all__ = ["pieces"]
