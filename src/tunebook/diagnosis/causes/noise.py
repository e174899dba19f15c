"""Wrong labels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.core.nouns import Interval
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.cause import SURE, Cause, Side, Try, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.noise_rate import NOTHING, Rate, Rates, of_errors
from tunebook.diagnosis.probe import Probe
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import scaled, within


class Noise(Finder):
    """Labels that are wrong, of rows that are judged or of those that were learnt.

    Hard rows lie between classes, wrong labels anywhere: what run, probe and bare words, calibrated, cannot explain as
    hard rows are wrong labels. Which of two names a class bears that are one is no wrong label.
    """

    key: ClassVar[str] = "noise"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Of wrong labels of judged rows the errors that they are; of wrong training labels the errors that a model
        makes no more without them."""
        found = seen.once(alike).labels
        judged, learnt = found.judged, found.learnt
        if found.p_value > SURE or not seen.errors:
            return None
        direct, taught = of_errors(judged, seen.mass), self._taught(seen, found)
        where = seen.split if direct.value >= taught.value else "train"
        return Cause(
            key=self.key,
            side=self.side,
            share=within(direct if where != "train" else taught),
            p_value=found.p_value,
            where=where,
            ids=seen.ids(judged.places) if where != "train" else seen.train_ids(learnt.places),
            what=localized("causes.noise.summary", rate=share_text(max(judged.rate.value, learnt.rate.value))),
            evidence=[
                localized("causes.noise.judged", **_told(judged)),
                localized("causes.noise.learnt", **_told(learnt)),
                localized("causes.noise.limit"),
            ],
            next=[
                Try(kind="data", why=localized("causes.noise.correct"), command="tunebook correct BOOK SUSPECTS"),
                candidate(localized("causes.noise.smooth"), label_smoothing=0.1),
            ],
        )

    @staticmethod
    def _taught(seen: Seen, found: Rates) -> Interval:
        """What wrong training labels cost, as far as the run has learnt by heart those that both views doubt.

        The larger of two: what a probe errs less once these are put right, over the share of the wrong labels that they
        are; or what that probe errs less than the run, at most what a run errs that repeats every label.
        """
        doubted, fitted, rate = found.learnt.places, seen.probe.probe, found.learnt.rate.value
        asked = np.isin(seen.asked, doubted)
        if not asked.any() or not rate:
            return NOTHING
        mended = seen.train_true.copy()
        mended[doubted] = seen.probe.chances[doubted].argmax(1)
        better = Probe.of(seen.train_vectors, mended, len(seen.names), fitted.shrink, fitted.heat)
        wrong = (better.logits(seen.vectors).argmax(1) != seen.true).astype(np.float64)
        part = min(1.0, len(doubted) / (rate * len(mended)))
        probes, runs = scaled(seen.share(seen.probe_wrong - wrong), 1 / part), seen.share(seen.mass - wrong)
        most = rate / max(float(seen.mass.mean()), rate)
        runs = scaled(runs, min(1.0, most / max(runs.value, 1e-9)))
        return scaled(max((probes, runs), key=lambda one: one.value), 1 - float(seen.train_mass[asked].mean()))


def _told(one: Rate) -> dict[str, Any]:
    low, high = share_text(one.rate.low), share_text(one.rate.high)
    return {"rows": len(one.doubts), "other": one.other, "doubted": len(one.places), "low": low, "high": high}


__all__ = ["Noise"]
