"""As few words as say the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from tunebook.challenge.perturbation import BOTH, Draw, Languages, Perturbation
from tunebook.challenge.texts import words
from tunebook.data.cleaning import Edit

# English words that a telegram leaves out. Those of negation, of degree and of contrast stay.
SMALL = re.compile(
    r"an?|the|this|that|these|those|is|are|was|were|am|be|been|being|has|have|had|do|does|did|of|to|in|on|at|for|with|by"
    r"|from|as|and|its?|i|my|me|we|us|our|you|your|he|she|they|them|their|his|her|there|here|also|just|really|quite|so"
    r"|will|would",
    re.IGNORECASE,
)
_FILLERS = re.compile("这个|那个|我们|你们|他们|的|了|着|呢|吧|啊|也|就|还|我|您|这|那")
# Parts of words that would be torn: 目的, 了解, 还是 ... and what says the opposite without them.
_WHOLE = re.compile(
    "目的|的确|的士|了解|了不起|不了|除了|着急|着火|就是|还是|还行|还可以|自我|这样|那样|也许|那么|这么|这里"
    "|那里|这儿|那儿|这次|那次"
)


class Short(Perturbation):
    """Leave out the small words, as in a telegram: articles, forms of "to be", pronouns, particles.

    Words of negation and degree stay, and two words at least.
    """

    key: ClassVar[str] = "short"
    zh: ClassVar[str] = """像电报一样去掉虚词：冠词、系动词、代词、助词。

    否定词和程度词保留，至少保留两个词。
    """
    capability: ClassVar[str] = "length"
    languages: ClassVar[Languages] = BOTH

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Every small word, with the space behind it."""
        if language == "zh":
            whole = [match.span() for match in _WHOLE.finditer(text)]
            found = [(*match.span(), "") for match in _FILLERS.finditer(text) if not _within(match.span(), whole)]
            left = len(text) - sum(end - start for start, end, _ in found)
            return found if left >= 4 else []
        places = words(text)
        small = [(start, end) for start, end in places if SMALL.fullmatch(text, start, end)]
        if len(places) - len(small) < 2:
            return []
        return [(start, _behind(text, end), "") for start, end in small]


def _within(place: tuple[int, int], whole: Sequence[tuple[int, int]]) -> bool:
    return any(start < place[1] and place[0] < end for start, end in whole)


def _behind(text: str, end: int) -> int:
    """The end of a word with the space behind it."""
    return end + 1 if text[end : end + 1] == " " else end


__all__ = ["SMALL", "Short"]
