"""A training whose errors are the seed's doing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import Cause, Side, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen

_LEAST = 3  # trainings, the run among them


class Unstable(Finder):
    """Trainings of the same table with other seeds are wrong on other rows, so that together they are wrong less often.

    As in Domingos, A unified bias-variance decomposition, 2000: what the main prediction of all trainings gets right
    and a single one does not is variance.
    """

    key: ClassVar[str] = "unstable"
    side: ClassVar[Side] = "training"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the mean of all of them gets right beyond the run."""
        if len(seen.seeds) < _LEAST:
            return None
        together = (np.mean(seen.seeds, axis=0).argmax(1) != seen.true).astype(np.float64)
        each = [float((chances.argmax(1) != seen.true).mean()) for chances in seen.seeds]
        params = seen.looked.run.plan.params
        return self.cause(
            seen,
            seen.mass > together,
            share=seen.share(seen.mass - together),
            p_value=p_of_less(seen.mass, together),
            what=localized("causes.unstable.summary"),
            evidence=[
                localized(
                    "causes.unstable.seeds", runs=len(each), low=share_text(min(each)), high=share_text(max(each))
                ),
                localized(
                    "causes.unstable.together",
                    together=share_text(float(together.mean())),
                    run=share_text(float(seen.mass.mean())),
                ),
            ],
            next=[
                candidate(
                    localized("causes.unstable.slower"),
                    learning_rate=params.learning_rate / 2,
                    max_epochs=2 * params.max_epochs,
                ),
                candidate(localized("causes.unstable.average"), ema=True),
            ],
        )


__all__ = ["Unstable"]
