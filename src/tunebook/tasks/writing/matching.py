"""Whether an answer says the same as the true one: exact match and F1 by the rules of SQuAD and CMRC 2018.

Which rules hold is asked of the true answer: CMRC's where it has signs of a script without blanks, else SQuAD's.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from tunebook.tasks.writing.tokens import WIDE, signs

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII = str.maketrans("", "", string.punctuation)
# What CMRC 2018 leaves out.
_LEFT_OUT = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》……·、「」（）－～『』")
_WIDE = re.compile(rf"[{WIDE}]")


def plain(text: str) -> str:
    """A text in lower case without punctuation, articles and more than one blank.

    Source: the evaluation script of SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_ASCII)).split())


def plain_chinese(text: str) -> str:
    """A text in lower case without the signs that CMRC 2018 leaves out, and without blanks at its ends."""
    return text.lower().strip().translate(_LEFT_OUT)


def pieces(text: str) -> list[str]:
    """Signs of scripts without blanks and words of the others, of a text as `plain_chinese` gives it.

    Source: mixed segmentation of CMRC 2018 (Cui et al. 2019, arXiv:1810.07366); its words are NLTK's, these are runs of
    letters and digits, and single signs.
    """
    return signs(plain_chinese(text))


def exact(said: str, true: str) -> float:
    """1 where both are the same but for what the rules leave out, else 0."""
    rule = plain_chinese if _WIDE.search(true) else plain
    return float(rule(said) == rule(true))


def f1(said: str, true: str) -> float:
    """F1 of the words that both have; of Chinese of their longest common part. 1 where neither has any."""
    if _WIDE.search(true):
        ours, theirs = pieces(said), pieces(true)
        both = longest_part(ours, theirs)
    else:
        ours, theirs = plain(said).split(), plain(true).split()
        both = (Counter(ours) & Counter(theirs)).total()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * both / (len(ours) + len(theirs))


def longest_part(one: Sequence[str], two: Sequence[str]) -> int:
    """Number of tokens of the longest part that stands in both without others between them."""
    numbers = {token: chr(number) for number, token in enumerate(dict.fromkeys([*one, *two]), start=0xF0000)}
    first, second = ("".join(map(numbers.__getitem__, tokens)) for tokens in (one, two))
    low, high = 0, min(len(first), len(second))
    while low < high:  # what holds for a length holds for all shorter ones
        middle = (low + high + 1) // 2
        parts = {first[place : place + middle] for place in range(len(first) - middle + 1)}
        if any(second[place : place + middle] in parts for place in range(len(second) - middle + 1)):
            low = middle
        else:
            high = middle - 1
    return low


__all__ = ["exact", "f1", "longest_part", "pieces", "plain", "plain_chinese"]
