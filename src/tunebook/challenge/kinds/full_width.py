"""Letters, digits and marks as wide as Chinese characters, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.data.cleaning import Edit

_FIRST, _LAST, _APART = 0x21, 0x7E, 0xFEE0
_MARKS = frozenset(map(chr, (0xFF01, 0xFF08, 0xFF09, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F)))


class FullWidth(Perturbation):
    """Write letters, digits and marks of ASCII in full width; Chinese marks of that width in half.

    Most books' cleaning puts letters and digits right again: what it undoes is no change.
    """

    key: ClassVar[str] = "full_width"
    zh: ClassVar[str] = """把 ASCII 字母、数字和标点写成全角，把全角标点写成半角。

    多数 book 的清洗会恢复字母和数字：清洗后恢复原样的不算改动。
    """
    capability: ClassVar[str] = "form"
    inside: ClassVar[bool] = True

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Every such character."""
        found = []
        for place, letter in enumerate(text):
            if _FIRST <= ord(letter) <= _LAST:
                found.append((place, place + 1, chr(ord(letter) + _APART)))
            elif letter in _MARKS:
                found.append((place, place + 1, chr(ord(letter) - _APART)))
        return found


__all__ = ["FullWidth"]
