"""A sentence that complains, behind the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import BOTH, Draw, Expects, Languages, OfPairs, Perturbation
from tunebook.challenge.texts import behind
from tunebook.data.cleaning import Edit

_SENTENCES = {
    "en": ("I did not like it at all.", "All in all it was terrible.", "I would not choose it again.", "It was awful."),
    "zh": ("我很不喜欢。", "总的来说非常差。", "下次不会再选。", "体验很糟糕。"),
}


class Blame(Perturbation):
    """Add a sentence that complains: the score of the negative label must not fall."""

    key: ClassVar[str] = "blame"
    zh: ClassVar[str] = """在末尾加一句抱怨的话：负面标签的得分不应下降。"""
    capability: ClassVar[str] = "meaning"
    languages: ClassVar[Languages] = BOTH
    expects: ClassVar[Expects] = "negative"
    pairs: ClassVar[OfPairs] = "none"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """One addition at the end."""
        return behind(text, language, _SENTENCES, draw.random())


__all__ = ["Blame"]
