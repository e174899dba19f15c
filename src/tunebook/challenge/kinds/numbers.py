"""Other numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import Draw, OfPairs, Perturbation
from tunebook.data.cleaning import Edit

_NUMBER = re.compile(r"(?<![A-Za-z0-9_.,:/-])\d{1,9}(?![A-Za-z0-9_:/-]|[.,]\d)")


class Numbers(Perturbation):
    """Put other whole numbers of as many digits in the place of those of a text; the same number becomes the same one.

    Numbers of one digit stay between 2 and 9, for 0 and 1 say more than how many. It keeps labels that do not hang on
    how large a number is: of ratings in the text ("9 of 10") it does not.
    """

    key: ClassVar[str] = "numbers"
    zh: ClassVar[str] = """把文本中的整数换成位数相同的其他数；同一个数换成同一个数。

    一位数只在 2 到 9 之间替换，因为 0 和 1 不只表示多少。标签与数的大小无关时才保持不变：
    文本中写有评分（“10 分给 9 分”）时并非如此。
    """
    capability: ClassVar[str] = "invariance"
    pairs: ClassVar[OfPairs] = "both"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Every whole number from 2 on."""
        found = []
        for match in _NUMBER.finditer(text):
            if match[0].startswith("0") or int(match[0]) < 2:
                continue
            low = 2 if len(match[0]) == 1 else 10 ** (len(match[0]) - 1)
            new = draw.random(match[0]).randint(low, 10 ** len(match[0]) - 1)
            if str(new) == match[0]:
                new = low if new > low else low + 1
            found.append((*match.span(), str(new)))
        return found


__all__ = ["Numbers"]
