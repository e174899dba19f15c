"""How answers are compared: by the words of SQuAD's rules, or by the characters of CMRC 2018's.

SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1; 2018, arXiv:1806.03822): capitals, ASCII punctuation, the
English articles and blanks do not count; F1 is that of the bags of words. CMRC 2018 (Cui et al. 2019,
arXiv:1810.07366, section 4): capitals and most punctuation do not count; each Chinese character is a word, as is what
stands between two of them; F1 is that of the longest run of words that both share. Its authors cut the text between
Chinese characters with NLTK; here a number, a run of letters and digits, or any other sign is a word.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SIGNS = frozenset(r"-:_*^/\~`+=，。：？！“”；’《》…·、「」（）－～『』")
_HAN = re.compile("[\u4e00-\u9fa5]")
_EAST = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_PIECE = re.compile(r"\d+(?:[.,]\d+)*|\w+|[^\w\s]")


def by_characters(context: str) -> bool:
    """Whether answers from a context are compared by characters: it has more Chinese or Japanese ones than words of
    other scripts."""
    return len(_EAST.findall(context)) > len(_WORD.findall(context))


def words(text: str) -> list[str]:
    """Words that count by SQuAD's rules."""
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def pieces(text: str) -> list[str]:
    """Characters and words that count by CMRC 2018's rules."""
    kept = "".join(f" {sign} " if _HAN.match(sign) else sign for sign in text.lower() if sign not in _SIGNS)
    return _PIECE.findall(kept)


def scored(answer: str, acceptable: Sequence[str], *, characters: bool) -> tuple[float, float]:
    """F1 and exact match of an answer, each the best over the acceptable ones; "" says that there is none, as does an
    empty list."""
    cut = pieces if characters else words
    known = [text for text in acceptable if cut(text)] or [""]
    overlap: Callable[[list[str], list[str]], int] = _run if characters else _bag
    same: Callable[[str], str] = _bare if characters else _plain
    said = cut(answer)
    return max(_f1(said, cut(text), overlap) for text in known), float(
        any(same(answer) == same(text) for text in known)
    )


def _plain(text: str) -> str:
    return " ".join(words(text))


def _bare(text: str) -> str:
    return "".join(sign for sign in text.lower().strip() if sign not in _SIGNS)


def _f1(said: list[str], true: list[str], overlap: Callable[[list[str], list[str]], int]) -> float:
    """F1 of what two lists of words share; of an empty one whether both are."""
    if not said or not true:
        return float(said == true)
    shared = overlap(said, true)
    return 2 * shared / (len(said) + len(true))


def _bag(said: list[str], true: list[str]) -> int:
    """Words of both."""
    return (Counter(said) & Counter(true)).total()


def _run(said: list[str], true: list[str]) -> int:
    """Length of the longest run of words that both have."""
    best, above = 0, [0] * (len(true) + 1)
    for word in said:
        line = [0] * (len(true) + 1)
        for place, other in enumerate(true):
            if word == other:
                line[place + 1] = above[place] + 1
        best, above = max(best, *line), line
    return best


__all__ = ["by_characters", "pieces", "scored", "words"]
