"""Words behind a text that have nothing to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.challenge.texts import behind
from tunebook.data.cleaning import Edit

_TAILS = {
    "en": (
        "Sent from my phone.",
        "Posted on a Tuesday.",
        "Reference 20417.",
        "https://example.com/p/8841",
        "@desk42",
        "See page 2.",
        "Written at 14:05.",
        "End of message.",
    ),
    "zh": (
        "以上内容由手机发送。",
        "发布于星期二。",
        "编号20417。",
        "https://example.com/p/8841",
        "@前台42",
        "详见第2页。",
        "写于14:05。",
        "内容到此结束。",
    ),
}


class Suffix(Perturbation):
    """Add a line that has nothing to do with the text: a signature, a number, an address."""

    key: ClassVar[str] = "suffix"
    zh: ClassVar[str] = """在末尾添加与文本无关的一行：签名、编号或网址。"""
    capability: ClassVar[str] = "distraction"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """One addition at the end."""
        return behind(text, language, _TAILS, draw.random())


__all__ = ["Suffix"]
