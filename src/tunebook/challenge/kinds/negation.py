"""Sentences that say the opposite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import BOTH, Draw, Expects, Languages, OfPairs, Perturbation
from tunebook.data.cleaning import Edit

_BE = re.compile(r"\b(?:is|are|was|were|am)\b(?! not\b|n't)(?= \w)", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?P<who>I|we|you|they) (?P<verb>like|love|enjoy|recommend|want|need|hate|trust|use|know|think)\b", re.IGNORECASE
)
_SAID = re.compile(r"\b(?:not|no|never|nothing|none|hardly|without)\b|n't\b", re.IGNORECASE)
_CHINESE = re.compile(
    "(?P<degree>非常|很|太|挺|比较|十分|特别)"
    "(?P<word>好|干净|方便|满意|喜欢|舒服|舒适|安静|热情|值得|便宜|漂亮|新|快|大|差|脏|吵|贵|慢|旧|小)"
    "|(?P<verb>喜欢|推荐|满意|值得|建议)"
)
_PARTS = re.compile(  # of which a text of one clause has none
    r"[.!?,;。！？；，][\s.!?。！？…]*(?=[^\s.!?。！？…])|但|却|可是|不过"
    r"|\b(?:and|but|or|because|although|when|how|that|which|who|if|while)\b",
    re.IGNORECASE,
)
_SAID_ZH = re.compile("[不没无未别非莫勿]")


class Negation(Perturbation):
    """Say the opposite of a sentence: "is" becomes "is not", "I like" becomes "I do not like", 很好 becomes 不好.

    Only texts of one clause without any negation are changed: what the opposite of a longer one is nobody knows. What
    is right then is known of two opposite sentiments alone.
    """

    key: ClassVar[str] = "negation"
    zh: ClassVar[str] = """把句子改成相反的意思："is" 变为 "is not"，"I like" 变为 "I do not like"，“很好”变为“不好”。

    只改动没有否定词、且只有一个分句的文本：更长的文本其反义难以确定。只有正反两种情感时才知道改动后的正确答案。
    """
    capability: ClassVar[str] = "meaning"
    languages: ClassVar[Languages] = BOTH
    expects: ClassVar[Expects] = "turned"
    pairs: ClassVar[OfPairs] = "none"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """The first place where it can be done."""
        if _PARTS.search(text):
            return []
        if language == "zh":
            return _chinese(text)
        if _SAID.search(text):
            return []
        if (match := _BE.search(text)) is not None:
            return [(match.end(), match.end(), " not")]
        if (match := _VERB.search(text)) is not None:
            return [(match.start("verb"), match.start("verb"), "do not ")]
        return []


def _chinese(text: str) -> list[Edit]:
    match = None if _SAID_ZH.search(text) else _CHINESE.search(text)
    if match is None:
        return []
    if match["degree"]:
        return [(match.start("degree"), match.end("degree"), "不")]
    return [(match.start("verb"), match.start("verb"), "不")]


__all__ = ["Negation"]
