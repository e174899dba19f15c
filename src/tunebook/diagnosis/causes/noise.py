"""Wrong labels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import SURE, Cause, Side, Try, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.noise_rate import NOTHING, rates
from tunebook.diagnosis.probe import Probe
from tunebook.diagnosis.seen import Seen, scaled, within


class Noise(Finder):
    """Labels that are wrong, of rows that are judged or of those that were learnt.

    In the rows of which model and probe are surest, next to nobody errs: where the labels say otherwise there, they are
    wrong, and so often they are wrong elsewhere.
    """

    key: ClassVar[str] = "noise"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Of wrong labels of judged rows the errors that they are; of wrong training labels the errors that a probe
        makes no more without them."""
        judged, learnt = rates(seen)
        p = min(1.0, 2 * min(judged.p_value, learnt.p_value))
        if p > SURE or not seen.errors:
            return None
        direct = scaled(judged.rate, self._each(seen)) if judged.p_value <= SURE else NOTHING
        taught = self._taught(seen, learnt.places) if learnt.p_value <= SURE else NOTHING
        share = within(max((direct, taught), key=lambda found: found.value))
        where = seen.split if judged.p_value <= learnt.p_value else "train"
        ids = seen.ids(judged.places) if where != "train" else seen.train_ids(learnt.places)
        return Cause(
            key=self.key,
            side=self.side,
            share=share,
            p_value=p,
            where=where,
            ids=ids,
            what=localized("causes.noise.summary", rate=share_text(max(judged.rate.value, learnt.rate.value))),
            evidence=[
                localized(
                    "causes.noise.judged",
                    wrong=judged.wrong,
                    rows=judged.rows,
                    low=share_text(judged.rate.low),
                    high=share_text(judged.rate.high),
                ),
                localized(
                    "causes.noise.learnt",
                    wrong=learnt.wrong,
                    rows=learnt.rows,
                    low=share_text(learnt.rate.low),
                    high=share_text(learnt.rate.high),
                ),
            ],
            next=[
                Try(kind="data", why=localized("causes.noise.correct"), command="tunebook correct BOOK SUSPECTS"),
                candidate(localized("causes.noise.smooth"), label_smoothing=0.1),
            ],
        )

    @staticmethod
    def _each(seen: Seen) -> float:
        """Errors that one per row of wrong labels makes, over all errors."""
        right = 1 - seen.mass.mean()
        return float(len(seen.mass) * max(right, 0.5) / seen.errors)

    @staticmethod
    def _taught(seen: Seen, doubted: NDArray[np.int64]) -> Interval:
        """What wrong training labels cost, the larger of two: what a probe without the doubted rows gets right beyond
        the run; or what they cost a model that learns each row by heart (the nearest row says the class), as far as the
        run has learnt the doubted ones by heart."""
        kept, fitted = np.ones(len(seen.train_true), dtype=bool), seen.probe.probe
        kept[doubted] = False
        pruned = Probe.of(seen.train_vectors[kept], seen.train_true[kept], len(seen.names), fitted.shrink, fitted.heat)
        without = seen.share(seen.mass - (pruned.logits(seen.vectors).argmax(1) != seen.true))
        asked = np.isin(seen.asked, doubted)
        if not asked.any():
            return without
        heart = float(1 - seen.train_mass[asked].mean())
        mended = seen.train_true.copy()
        mended[doubted] = seen.probe.chances[doubted].argmax(1)
        sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (seen.vectors, seen.train_vectors)]
        near = (sides[0] @ sides[1].T).argmax(1)
        before, after = ((labels[near] != seen.true).astype(np.float64) for labels in (seen.train_true, mended))
        learnt = within(scaled(seen.share_of(before - after, before), heart))
        return max((without, learnt), key=lambda found: found.value)


__all__ = ["Noise"]
