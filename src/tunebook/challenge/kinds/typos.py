"""Slips on a keyboard in words of Latin letters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.challenge.texts import words
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORTEST = 4  # letters of a word that is still read with a slip in it


class Typos(Perturbation):
    """Hit a neighbouring key, swap two letters, drop one or double one, in some of the words of four letters or more.

    The first and the last letter stay, for readers go by these (Rawlinson 1976); a word has one slip.
    """

    key: ClassVar[str] = "typos"
    zh: ClassVar[str] = """在部分四个字母以上的单词里按错相邻键、颠倒、漏掉或重复一个字母。

    首尾字母不变，因为人靠它们认词（Rawlinson 1976）；每个单词只错一处。
    """
    capability: ClassVar[str] = "spelling"
    share: Annotated[
        float, Field(gt=0, le=1), Row("share of the words with a slip, one at least", zh="出错单词所占比例，至少一个")
    ] = 0.15

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """One slip in each word that is drawn."""
        long = [(start, end) for start, end in words(text) if end - start >= _SHORTEST]
        if not long:
            return []
        chance = draw.random()
        chosen = sorted(chance.sample(long, max(1, round(self.share * len(long)))))
        return [(start, end, slip(text[start:end], chance)) for start, end in chosen]


def slip(word: str, chance: random.Random) -> str:
    """A word of four letters or more with one slip between its first and its last letter."""
    at = chance.randrange(1, len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    ways = {
        "hit": before + _neighbour(letter, chance) + after,
        "drop": before + after,
        "double": before + letter + letter + after,
        "swap": word[: at - 1] + letter + word[at - 1] + after if at > 1 else before + after,
    }
    found = ways[chance.choice(list(ways))]
    return found if found != word else before + letter + letter + after


def _neighbour(letter: str, chance: random.Random) -> str:
    """A letter whose key lies beside; itself where none is known."""
    for row, keys in enumerate(_ROWS):
        at = keys.find(letter.lower())
        if at < 0:
            continue
        beside = [keys[place] for place in (at - 1, at + 1) if 0 <= place < len(keys)]
        other = _ROWS[row + 1] if row + 1 < len(_ROWS) else _ROWS[row - 1]
        beside += [other[place] for place in (at, at - 1) if 0 <= place < len(other)]
        found = chance.choice(beside)
        return found.upper() if letter.isupper() else found
    return letter


__all__ = ["Typos", "slip"]
