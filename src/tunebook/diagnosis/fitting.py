"""How well a run has learnt its training rows, and whether others do better with the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import Text, localized
from tunebook.core.nouns import Interval
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import SURE
from tunebook.diagnosis.seen import Seen

History = Sequence[Mapping[str, float]]
_LOOKS, _STEPS = 3, 4
_RISE = 1.1  # of the lowest validation loss


@dataclass(frozen=True)
class Fitting:
    """What is known of a training.

    Attributes:
        learnt: how wrong the run is on training rows, 0 to 1; judged: on the split; noise: share of wrong training
            labels, which no run should learn.
        gain: share of the errors that a probe of the frozen base model does not make; p_value: that it makes as many.
        probe: how wrong that is.
    """

    learnt: float
    judged: float
    noise: float
    gain: Interval
    p_value: float
    probe: float

    def evidence(self, *curve: Text) -> list[Text]:
        """It in sentences, and what the curves say beside it."""
        learnt, judged, probe = (share_text(rate) for rate in (self.learnt, self.judged, self.probe))
        told = localized("causes.fitting.learnt", train=learnt, judged=judged)
        return [told, localized("causes.fitting.probe", probe=probe), *curve]

    @property
    def unlearnt(self) -> float:
        """How wrong it is on training rows beyond wrong labels."""
        return max(self.learnt - self.noise, 0.0)


def fitting(seen: Seen) -> Fitting:
    """Ask a run for training rows, and a probe for the split."""
    wrong = seen.probe_wrong
    labels = seen.once(alike).labels
    rate = labels.learnt.rate.value if labels.p_value <= SURE else 0.0
    return Fitting(
        learnt=float(seen.train_mass.mean()),
        judged=float(seen.mass.mean()),
        noise=rate,
        gain=seen.share(seen.mass - wrong),
        p_value=p_of_less(seen.mass, wrong),
        probe=float(wrong.mean()),
    )


def rise(history: History) -> dict[str, str] | None:
    """Where the validation loss was lowest (`step`, `low`) and what it was at the last look; None where it hardly rose,
    or fewer than three looks tell."""
    looks = [entry for entry in history if "eval_loss" in entry]
    if len(looks) < _LOOKS:
        return None
    low = min(looks, key=lambda entry: entry["eval_loss"])
    last = looks[-1]["eval_loss"]
    if last < _RISE * low["eval_loss"]:
        return None
    return {"step": f"{low['step']:.0f}", "low": f"{low['eval_loss']:.2f}", "last": f"{last:.2f}"}


def fall(history: History) -> dict[str, str] | None:
    """How the training loss went: over its first and last quarter (`first`, `last`), and the quarter before that one;
    None of few steps."""
    losses = [entry["loss"] for entry in history if "loss" in entry]
    if len(losses) < _STEPS:
        return None
    quarters = [float(np.mean(part)) for part in np.array_split(np.array(losses), 4)]
    return {name: f"{quarters[place]:.2f}" for name, place in (("first", 0), ("before", 2), ("last", 3))}


__all__ = ["Fitting", "History", "fall", "fitting", "rise"]
