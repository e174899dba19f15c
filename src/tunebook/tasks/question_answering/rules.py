"""How answers are compared: by the words of SQuAD's rules, or by the characters of CMRC 2018's.

SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1; 2018, arXiv:1806.03822): capitals, ASCII punctuation, the
English articles and blanks do not count; F1 is that of the bags of words. CMRC 2018 (Cui et al. 2019, arXiv:1810.07366,
section 4): capitals and most punctuation do not count; each Chinese character is a word; F1 is that of the longest run
of words that both share. Written texts are compared by the same rules (`tunebook.tasks.writing.matching`), but there
each answer says which hold, and here its context does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tunebook.tasks.writing.matching import longest_part, pieces, plain, plain_chinese
from tunebook.tasks.writing.tokens import WIDE

_WIDE = re.compile(f"[{WIDE}]")
_WORD = re.compile(rf"[^\W\d_{WIDE}]+")


def by_characters(context: str) -> bool:
    """Whether answers from a context are compared by characters: it has more of scripts without blanks than words of
    others."""
    return len(_WIDE.findall(context)) > len(_WORD.findall(context))


def scored(answer: str, acceptable: Sequence[str], *, characters: bool) -> tuple[float, float]:
    """F1 and exact match of an answer, each the best over the acceptable ones; "" says that there is none, as does an
    empty list."""
    same = plain_chinese if characters else plain
    known = [text for text in acceptable if same(text)] or [""]
    f1 = max(_f1(answer, text, characters=characters) for text in known)
    return f1, float(any(same(answer) == same(text) for text in known))


def _f1(said: str, true: str, *, characters: bool) -> float:
    """F1 of the words that both share; of an empty text whether both are."""
    if characters:
        ours, theirs = pieces(said), pieces(true)
        shared = longest_part(ours, theirs)
    else:
        ours, theirs = plain(said).split(), plain(true).split()
        shared = (Counter(ours) & Counter(theirs)).total()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * shared / (len(ours) + len(theirs))


__all__ = ["by_characters", "scored"]
