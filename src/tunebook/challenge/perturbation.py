"""What a perturbation is: a change of a text after which the right answer is known, and how all of them are found.

A perturbation is one file of `tunebook/challenge/kinds/`, named after its key: a frozen record of its parameters. It
says where it changes a text; where marked places lie after that follows from the changes.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

from tunebook.core.params import Params
from tunebook.core.plugins import found_in
from tunebook.data.cleaning import Edit

# `kept`: the right answer stays; `turned`: of two opposite sentiments it is the other one now; `positive`, `negative`:
# no answer is known, but that sentiment must not become less likely.
Expects = Literal["kept", "turned", "positive", "negative"]
# How the texts of a pair are changed: `one` the first alone; `both` in the same way; `none`: pairs are not changed.
OfPairs = Literal["one", "both", "none"]
# Languages that a perturbation is for; none for all.
Languages = frozenset[str]
EN, ZH, ANY = frozenset({"en"}), frozenset({"zh"}), frozenset[str]()
BOTH = EN | ZH


@dataclass(frozen=True)
class Draw:
    """Chance that is the same for the same seed, perturbation and row, whatever other rows there are."""

    seed: str

    def random(self, *about: object) -> random.Random:
        """Numbers by chance; those about a word are the same wherever the word stands in the row."""
        return random.Random("\x1f".join((self.seed, *map(str, about))))


class Perturbation(Params):
    """One way to change texts.

    Class attributes:
        key: its name in `--only`, in results and in files.
        zh: its docstring in Chinese.
        capability: what a model can do that passes: `spelling`, `form`, `distraction`, `invariance`, `length` ...
        languages: of texts that it changes.
        expects: what is known of the right answer afterwards.
        pairs: how pairs of texts are changed.
        inside: changes character for character, so that marked places may be changed too.
    """

    zh: ClassVar[str]
    capability: ClassVar[str]
    languages: ClassVar[Languages] = ANY
    expects: ClassVar[Expects] = "kept"
    pairs: ClassVar[OfPairs] = "one"
    inside: ClassVar[bool] = False

    @abstractmethod
    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """The parts of a text that change, from left to right, none of which overlap: start, end (code points, the end
        exclusive) and what comes in their stead. None where it cannot change the text.

        Args:
            language: `en`, `zh` or `other`.
        """


@cache
def perturbations() -> dict[str, type[Perturbation]]:
    """Key -> perturbation, from `tunebook/challenge/kinds/` and the entry points `tunebook.challenges`."""
    found = found_in("tunebook.challenge.kinds", Perturbation, "tunebook.challenges")
    return {item.key: item for item in sorted(found, key=lambda item: item.key)}


def said_sentences(sentences: Sequence[str], draw: Draw, count: int) -> list[str]:
    """So many sentences by chance, none twice before all were said once."""
    chance = draw.random("sentences")
    found: list[str] = []
    while len(found) < count:
        found += chance.sample(sentences, min(len(sentences), count - len(found)))
    return found


__all__ = [
    "ANY",
    "BOTH",
    "EN",
    "ZH",
    "Draw",
    "Expects",
    "Languages",
    "OfPairs",
    "Perturbation",
    "perturbations",
    "said_sentences",
]
