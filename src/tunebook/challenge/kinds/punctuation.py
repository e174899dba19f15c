"""Marks at the end and between the parts of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

_MARKS = re.compile(
    r"(?<!\d)[,.;:，。；：、…]+|[,.;:，。；：、…]+(?!\d)"
)  # not inside of numbers; ! and ? say something
_END = re.compile(r"[.。]?\s*\Z")


class Punctuation(Perturbation):
    """Leave out commas, colons and full stops, or let the text end in dots.

    Exclamation and question marks stay, for they say something.
    """

    key: ClassVar[str] = "punctuation"
    zh: ClassVar[str] = """去掉逗号、冒号和句号，或让文本以省略号结尾。

    感叹号和问号有含义，保持不变。
    """
    capability: ClassVar[str] = "form"
    how: Annotated[
        Literal["draw", "drop", "dots"],
        Row("leave marks out, add dots, or one of both by chance", zh="去掉标点、添加省略号，或随机取其一"),
    ] = "draw"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """All marks, or the end."""
        gap = "" if language == "zh" else " "
        marks = [(*match.span(), _room(text, match, gap)) for match in _MARKS.finditer(text)]
        drop = draw.random().random() < 0.5 if self.how == "draw" else self.how == "drop"
        if drop and marks:
            return marks
        end = _END.search(text)
        start = len(text) if end is None else end.start()
        return [(start, len(text), "……" if language == "zh" else " ...")]


def _room(text: str, match: re.Match[str], gap: str) -> str:
    """What stands where marks were: nothing beside a space or an end, else a gap, so that two words stay two."""
    start, end = match.span()
    beside = start == 0 or end == len(text) or text[start - 1].isspace() or text[end].isspace()
    letters = not beside and text[start - 1].isascii() and text[end].isascii()
    return gap if not beside and (gap or letters) else ""


__all__ = ["Punctuation"]
