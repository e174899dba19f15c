"""A sentence that praises, behind the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import BOTH, Draw, Expects, Languages, OfPairs, Perturbation
from tunebook.challenge.texts import behind
from tunebook.data.cleaning import Edit

_SENTENCES = {
    "en": ("I liked it very much.", "All in all it was excellent.", "I would choose it again.", "It was wonderful."),
    "zh": ("我非常喜欢。", "总的来说非常好。", "下次还会选择。", "体验很棒。"),
}


class Praise(Perturbation):
    """Add a sentence that praises: the score of the positive label must not fall."""

    key: ClassVar[str] = "praise"
    zh: ClassVar[str] = """在末尾加一句称赞的话：正面标签的得分不应下降。"""
    capability: ClassVar[str] = "meaning"
    languages: ClassVar[Languages] = BOTH
    expects: ClassVar[Expects] = "positive"
    pairs: ClassVar[OfPairs] = "none"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """One addition at the end."""
        return behind(text, language, _SENTENCES, draw.random())


__all__ = ["Praise"]
