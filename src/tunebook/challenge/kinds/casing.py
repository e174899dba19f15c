"""Large and small letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit


class Casing(Perturbation):
    """Write a text in large letters, in small ones, or with a large letter at the head of each word."""

    key: ClassVar[str] = "casing"
    zh: ClassVar[str] = """把文本改为全大写、全小写或每个单词首字母大写。"""
    capability: ClassVar[str] = "form"
    inside: ClassVar[bool] = True
    style: Annotated[
        Literal["draw", "upper", "lower", "title"],
        Row(
            "how letters are written; `draw` takes one of the three by chance",
            zh="大小写方式；`draw` 表示三者中随机取一种",
        ),
    ] = "draw"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Each letter whose other form is one letter too."""
        names = ["upper", "lower", "title"]
        style = draw.random().choice(names) if self.style == "draw" else self.style
        found = []
        for place, letter in enumerate(text):
            head = place == 0 or not (text[place - 1].isalpha() or text[place - 1] == "'")
            new = letter.upper() if style == "upper" or (style == "title" and head) else letter.lower()
            if new != letter and len(new) == 1:
                found.append((place, place + 1, new))
        return found


__all__ = ["Casing"]
