"""A training that has not learnt what its rows teach."""

from __future__ import annotations

from typing import ClassVar

from tunebook.core.localized import localized
from tunebook.diagnosis.cause import SURE, Cause, Side, Try, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.fitting import fall, fitting
from tunebook.diagnosis.seen import Seen

_UNLEARNT = 0.5  # of the error on judged rows that there is on training rows too


class Underfit(Finder):
    """The run errs on its training rows nearly as on others, and a linear probe of the same base model errs less."""

    key: ClassVar[str] = "underfit"
    side: ClassVar[Side] = "training"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the probe gets right beyond the run."""
        fit = fitting(seen)
        if fit.p_value > SURE or fit.unlearnt < _UNLEARNT * fit.judged:
            return None
        params, curve = seen.looked.run.plan.params, fall(seen.looked.run.history)
        return self.cause(
            seen,
            seen.mass > seen.probe_wrong,
            share=fit.gain,
            p_value=fit.p_value,
            what=localized("causes.underfit.summary"),
            evidence=fit.evidence(*([localized("causes.underfit.curve", **curve)] if curve else [])),
            next=[
                candidate(localized("causes.underfit.faster"), learning_rate=_higher(params.learning_rate)),
                candidate(localized("causes.underfit.longer"), max_epochs=2 * params.max_epochs, max_steps=None),
                Try(kind="command", why=localized("causes.underfit.rate"), command="tunebook find rate BOOK"),
            ],
        )


def _higher(rate: float) -> float:
    """A rate that is tried next: far too low ones are taken to where rates of fine-tuning begin."""
    return max(3 * rate, 2e-5)


__all__ = ["Underfit"]
