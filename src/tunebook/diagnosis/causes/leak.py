"""Validation rows that stand, nearly the same, among the training rows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import fisher
from tunebook.diagnosis.cause import ANEW, SURE, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.repeats import nearest
from tunebook.diagnosis.seen import Seen

_SAME = 0.8  # cosine of two texts' pieces of three characters


class Leak(Finder):
    """Rows of the split whose text is nearly that of a training row, where training rows have no such twins."""

    key: ClassVar[str] = "leak"
    side: ClassVar[Side] = "data"

    def find(self, seen: Seen) -> Cause | None:
        """Errors that are not seen because such rows were learnt by heart: those that the other rows' rate gives."""
        here, who = nearest(seen.texts, seen.train_texts)
        among, _ = nearest(seen.train_texts)
        twin, usual = here >= _SAME, float((among >= _SAME).mean())
        rows, hits = len(twin), int(twin.sum())
        more = fisher(hits, rows, int((among >= _SAME).sum()), len(among))
        if not hits or hits == rows:
            return None
        errors = [round(float(seen.mass[side].sum())) for side in (twin, ~twin)]
        right = fisher(hits - errors[0], hits, rows - hits - errors[1], rows - hits)
        p = max(more, right)
        rate = float(seen.mass[~twin].mean())
        hidden = np.where(twin, np.maximum(rate - seen.mass[twin].mean(), 0.0), 0.0)
        if p > SURE or not hidden.any():
            return None
        return self.cause(
            seen,
            twin,
            share=seen.share_of(hidden, seen.mass + hidden),
            hides=True,
            p_value=p,
            what=localized("causes.leak.summary", share=share_text(hits / rows)),
            evidence=[
                localized("causes.leak.twins", rows=hits, usual=share_text(usual)),
                localized(
                    "causes.leak.errors", twins=share_text(float(seen.mass[twin].mean())), others=share_text(rate)
                ),
                localized(
                    "causes.leak.example",
                    one=seen.texts[int(here.argmax())][:80],
                    two=seen.train_texts[int(who[here.argmax()])][:80],
                ),
            ],
            next=[
                Try(
                    kind="data",
                    why=localized("causes.leak.group"),
                    command=f"{ANEW} --split-by group --group COLUMN",
                )
            ],
        )


__all__ = ["Leak"]
