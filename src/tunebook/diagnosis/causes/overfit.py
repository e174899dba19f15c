"""A training that has learnt its rows by heart."""

from __future__ import annotations

from typing import ClassVar

from tunebook.core.localized import localized
from tunebook.diagnosis.cause import SURE, Cause, Side, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.fitting import fitting, rise
from tunebook.diagnosis.seen import Seen

_LEARNT = 0.35  # of the error on judged rows that there is on training rows at most


class Overfit(Finder):
    """The run hardly errs on its training rows, and a linear probe of the same base model errs less on others."""

    key: ClassVar[str] = "overfit"
    side: ClassVar[Side] = "training"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the probe gets right beyond the run."""
        fit = fitting(seen)
        if fit.p_value > SURE or fit.learnt > _LEARNT * fit.judged or fit.noise > fit.judged / 2:
            return None
        params, curve = seen.looked.run.plan.params, rise(seen.looked.run.history)
        return self.cause(
            seen,
            seen.mass > seen.probe_wrong,
            share=fit.gain,
            p_value=fit.p_value,
            what=localized("causes.overfit.summary"),
            evidence=fit.evidence(*([localized("causes.overfit.curve", **curve)] if curve else [])),
            next=[
                candidate(
                    localized("causes.overfit.slower"), learning_rate=params.learning_rate / 4, weight_decay=0.01
                ),
                candidate(localized("causes.overfit.stop"), eval_every=None, early_stopping_patience=2),
                candidate(localized("causes.overfit.less"), linear_probe=True),
            ],
        )


__all__ = ["Overfit"]
