"""A base model that knows too little."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import SURE, Cause, Side
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.other_bases import steps, told
from tunebook.diagnosis.seen import Seen


class Capacity(Finder):
    """A linear model of bare words beats the run and a probe of its base model, whose tokenizer reads the texts."""

    key: ClassVar[str] = "capacity"
    side: ClassVar[Side] = "model"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the model of words gets right beyond the better of the two."""
        if seen.unread:
            return None
        words, best = seen.words_wrong, min((seen.mass, seen.probe_wrong), key=np.sum)
        p = p_of_less(best, words)
        if p > SURE:
            return None
        rates = (words.mean(), seen.mass.mean(), seen.probe_wrong.mean())
        said, run, probe = (share_text(float(rate)) for rate in rates)
        return self.cause(
            seen,
            seen.mass > words,
            share=seen.share(best - words),
            p_value=p,
            what=localized("causes.capacity.summary"),
            evidence=[localized("causes.capacity.words", words=said, run=run, probe=probe), *told(seen.base)],
            next=steps(seen.base, seen.mass),
        )


__all__ = ["Capacity"]
