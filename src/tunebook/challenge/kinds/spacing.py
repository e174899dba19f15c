"""Spaces where none belong, and none where they do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.challenge.texts import HAN
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

_GAP = re.compile(r"(?<=[A-Za-z]) (?=[A-Za-z])")


class Spacing(Perturbation):
    """Join some neighbouring words, as slips of the thumb do; in Chinese, put spaces between characters."""

    key: ClassVar[str] = "spacing"
    zh: ClassVar[str] = """像拇指输入那样把部分相邻单词连写；中文则在字之间插入空格。"""
    capability: ClassVar[str] = "form"
    share: Annotated[
        float,
        Field(gt=0, le=1),
        Row("share of the places that are changed, one at least", zh="改动处所占比例，至少一处"),
    ] = 0.1

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Some of the gaps between words, or between Chinese characters."""
        if language == "zh":
            places = [at for at in range(1, len(text)) if HAN.match(text[at - 1]) and HAN.match(text[at])]
            changes = [(at, at, " ") for at in places]
        else:
            changes = [(*match.span(), "") for match in _GAP.finditer(text)]
        if not changes:
            return []
        return sorted(draw.random().sample(changes, max(1, round(self.share * len(changes)))))


__all__ = ["Spacing"]
