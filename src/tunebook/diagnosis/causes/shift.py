"""Training rows of another source than those that are judged."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.cause import ANEW, MERGE, SURE, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen


class Shift(Finder):
    """The rows that are judged are of another kind than the training rows.

    A classifier tells them apart within their classes, and a probe is wrong on them more often than on training rows
    that it did not see, classes being equally frequent.
    """

    key: ClassVar[str] = "shift"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the probe is wrong beyond its held-out training rows."""
        told = seen.apart
        if told.p_value > SURE or told.statistic < 0.5:
            return None
        usual = self._usual(seen)
        share = seen.share_of(seen.probe_wrong - usual, seen.probe_wrong)
        if share.value <= 0:
            return None
        return self.cause(
            seen,
            seen.mass > 0,
            share=share,
            p_value=told.p_value,
            what=localized("causes.shift.summary"),
            evidence=[
                localized("causes.shift.told", auc=f"{told.statistic:.2f}"),
                localized(
                    "causes.shift.errors",
                    now=share_text(float(seen.probe_wrong.mean())),
                    usual=share_text(float(usual.mean())),
                ),
            ],
            next=[
                Try(kind="data", why=localized("causes.shift.label"), command=MERGE),
                Try(kind="command", why=localized("causes.shift.split"), command=ANEW),
            ],
        )

    @staticmethod
    def _usual(seen: Seen) -> NDArray[np.float64]:
        """How often rows of its class are wrong that are held out of the training rows, for each row of the split."""
        count = len(seen.names)
        held_out = seen.probe.chances.argmax(1) != seen.train_true
        rows = np.bincount(seen.train_true, minlength=count)
        wrong = np.bincount(seen.train_true, weights=held_out, minlength=count)
        usual = (wrong + held_out.mean()) / (rows + 1)
        return np.asarray(usual[seen.true], dtype=np.float64)


__all__ = ["Shift"]
