"""How a text is cut for a score: into characters, into words as BLEU or ROUGE count them, or into signs of any script.

Scripts without blanks are the reason that each score says how it cuts: the same texts are worth more by characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tunebook.nets.masking import chinese_words

Numbers = NDArray[np.int64]
Cut = Callable[[str], Sequence[str]]
# Scripts that are written without blanks between words, and their punctuation; Korean has blanks.
_PUNCTUATION = "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
WIDE = rf"\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff{_PUNCTUATION}\U00020000-\U0003ffff"
_SIGNS = re.compile(rf"[{WIDE}]|(?:(?![{WIDE}])\w)+|[^\w\s]")
_LETTERS = re.compile(r"[^\W_]+")
# The rules of mteval-v13a, in their order: signs, a point or comma that is not inside a number, a dash after a digit.
_RULES = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_NAMED = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def characters(text: str) -> str:
    """All that is no blank, as sacrebleu's `char` and chrF take it."""
    return "".join(text.split())


def lower_characters(text: str) -> str:
    """The same in lower case."""
    return characters(text.lower())


@lru_cache(2**16)
def spaced(text: str) -> str:
    """A text with blanks around its Chinese words, as jieba finds them; others stay what they are."""
    begins = chinese_words(text)
    if not begins:
        return text
    parts, inside = [], False
    for place, sign in enumerate(text):
        begin = begins.get(place)
        parts.append(" " if begin == place or (inside and begin is None) else "")
        parts.append(sign)
        inside = begin is not None
    return "".join(parts)


def bleu_words(text: str) -> list[str]:
    """Words and signs by the rules of mteval-v13a, which sacrebleu calls `13a`; Chinese words first, by jieba.

    Source: NIST's mteval-v13a, as Post 2018 (arXiv:1804.08771) fixes it.
    """
    text = spaced(text.rstrip()).replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for name, sign in _NAMED:
        text = text.replace(name, sign)
    text = f" {text} "
    for rule, put in _RULES:
        text = rule.sub(put, text)
    return text.split()


def rouge_words(text: str) -> list[str]:
    """Runs of letters and digits in lower case; Chinese words by jieba. Of texts in ASCII those of rouge-score, which
    leaves out all other letters."""
    return _LETTERS.findall(spaced(text.lower()))


def signs(text: str) -> list[str]:
    """Each sign of a script without blanks, words of the others, and each sign between words."""
    return _SIGNS.findall(text)


@dataclass(frozen=True)
class Sequences:
    """Tokens of many texts, one after the other.

    Attributes:
        ids: equal where the tokens are; rows: the text that each belongs to, in order. Both (T,).
        count: number of texts N.
    """

    ids: Numbers
    rows: Numbers
    count: int

    @staticmethod
    def of(texts: Sequence[str], cut: Cut) -> Sequences:
        """Of texts, cut in this way."""
        parts = [cut(text) for text in texts]
        rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        if cut in (characters, lower_characters):
            points = "".join(parts).encode("utf-32-le", "replace")  # type: ignore[arg-type]
            return Sequences(np.frombuffer(points, dtype="<u4").astype(np.int64), rows, len(parts))
        known: dict[str, int] = {}
        ids = [known.setdefault(token, len(known)) for part in parts for token in part]
        return Sequences(np.array(ids, dtype=np.int64), rows, len(parts))

    @property
    def lengths(self) -> Numbers:
        """Number of tokens of each text, shape (N,)."""
        return np.bincount(self.rows, minlength=self.count)

    def grams(self, most: int) -> list[Sequences]:
        """Runs of 1, 2 ... `most` tokens within a text, each numbered as a token is."""
        single = np.unique(self.ids, return_inverse=True)[1].astype(np.int64)
        runs, found = single, [Sequences(single, self.rows, self.count)]
        for width in range(2, most + 1):
            begins = np.flatnonzero(self.rows[: 1 - width] == self.rows[width - 1 :])
            keys = runs[begins] * (single.max(initial=0) + 1) + single[begins + width - 1]
            runs = np.full(len(single), -1)
            runs[begins] = np.unique(keys, return_inverse=True)[1]
            found.append(Sequences(runs[begins], self.rows[begins], self.count))
        return found

    def each(self) -> tuple[Numbers, Numbers, Numbers]:
        """Of each text and each different token in it: the text, the token, and how often; three arrays."""
        size = int(self.ids.max(initial=0)) + 1
        keys, often = np.unique(self.rows * size + self.ids, return_counts=True)
        return keys // size, keys % size, often


@dataclass(frozen=True)
class Shared:
    """Runs of tokens of one length: of each row how many are in both texts, in the first, and in the second; (N,)."""

    both: Numbers
    said: Numbers
    true: Numbers


def shared(said: Sequence[str], true: Sequence[str], cut: Cut, most: int) -> list[Shared]:
    """What two columns of texts share in runs of 1, 2 ... `most` tokens; one that stands twice counts twice if it does
    in both."""
    count, found = len(said), []
    for runs in Sequences.of([*said, *true], cut).grams(most):
        row, token, often = runs.each()
        size, first = int(token.max(initial=0)) + 1, row < count
        keys = (row % max(count, 1)) * size + token
        same, one, two = np.intersect1d(keys[first], keys[~first], assume_unique=True, return_indices=True)
        least = np.minimum(often[first][one], often[~first][two])
        both = np.bincount(same // size, weights=least, minlength=count).astype(np.int64)
        found.append(Shared(both, runs.lengths[:count], runs.lengths[count:]))
    return found


__all__ = [
    "WIDE", "Sequences", "Shared", "bleu_words", "characters", "lower_characters", "rouge_words", "shared", "signs",
    "spaced",
]  # fmt: skip
