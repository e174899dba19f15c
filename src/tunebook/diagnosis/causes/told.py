"""A label that stands in the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import ANEW, SURE, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.words import words_of

_PRECISE, _COVERS, _ALL = 0.97, 0.8, 0.25  # of the rows with the word, of those of the class, and of all rows
_LEAST = 5


class Told(Finder):
    """A word that only rows of one class have, and most of them: the run is asked again without it."""

    key: ClassVar[str] = "told"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Errors that the run makes once the words are gone, beyond those that it makes now."""
        words = self._words(seen)
        if not words:
            return None
        has = np.array([bool(words.keys() & set(words_of(text))) for text in seen.rows.texts])
        if has.mean() < _ALL:
            return None
        without = self._asked_without(seen, words, has)
        hidden = np.where(has, without - seen.mass, 0.0)
        p = p_of_less(without, seen.mass)
        if p > SURE or hidden.sum() <= 0:
            return None
        shown = ", ".join(f"{word} → {name}" for word, name in list(words.items())[:5])
        return self.cause(
            seen,
            has,
            share=seen.share_of(hidden, seen.mass + hidden),
            hides=True,
            p_value=p,
            what=localized("causes.told.summary", words=shown),
            evidence=[
                localized("causes.told.rows", share=share_text(float(has.mean()))),
                localized(
                    "causes.told.errors",
                    now=share_text(float(seen.mass.mean())),
                    without=share_text(float(without.mean())),
                ),
            ],
            next=[Try(kind="data", why=localized("causes.told.remove"), command=ANEW)],
        )

    @staticmethod
    def _words(seen: Seen) -> dict[str, str]:
        """Word -> class that it gives away, of words that nearly no other class has and most of this one's rows."""
        rows = np.bincount(seen.train_true, minlength=len(seen.names))
        tally: Counter[tuple[str, int]] = Counter()
        for text, number in zip(seen.train.texts, seen.train_true.tolist(), strict=True):
            tally.update((word, number) for word in set(words_of(text)))
        every: Counter[str] = Counter()
        for (word, _), times in tally.items():
            every[word] += times
        found = {
            word: (times, number)
            for (word, number), times in tally.items()
            if times >= max(_LEAST, _COVERS * rows[number]) and times >= _PRECISE * every[word]
        }
        return {word: seen.names[number] for word, (_, number) in sorted(found.items(), key=lambda item: -item[1][0])}

    @staticmethod
    def _asked_without(seen: Seen, words: dict[str, str], has: np.ndarray) -> np.ndarray:
        """How wrong the run is on the rows once these words are taken out of them."""
        from tunebook.diagnosis.words import without

        places = np.flatnonzero(has).tolist()
        rows = seen.rows.at(places)
        bare = replace(rows, texts=[without(text, words) for text in rows.texts])
        found = seen.mass.copy()
        found[places] = seen.masses(bare, "without")
        return found


__all__ = ["Told"]
