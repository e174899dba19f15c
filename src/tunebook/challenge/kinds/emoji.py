"""Pictures among the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

# None of them says that something is good or bad.
_PICTURES = ("📷", "📍", "🔵", "🟦", "📅", "🕒", "🧭", "📝", "🔁", "🪟")


class Emoji(Perturbation):
    """Put pictures that say nothing behind the text."""

    key: ClassVar[str] = "emoji"
    zh: ClassVar[str] = """在文本末尾添加不表达好恶的表情符号。"""
    capability: ClassVar[str] = "distraction"
    count: Annotated[int, Field(ge=1, le=20), Row("number of pictures", zh="表情符号个数")] = 2

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """One addition at the end."""
        found = "".join(draw.random().choices(_PICTURES, k=self.count))
        return [(len(text), len(text), f" {found}")]


__all__ = ["Emoji"]
