"""Too few training rows in all."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.probe import Probe, folds
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import scaled, within

_DRAWS = 4


class FewRows(Finder):
    """A probe still gets better with each row that it is given: twice as many rows would go on so."""

    key: ClassVar[str] = "few_rows"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Of an error that falls with the rows as a power of them: what twice as many take off."""
        own, fitted = seen.train_true, seen.probe.probe
        fourths = []
        for draw in range(_DRAWS):
            part = folds(own, seed=draw, count=4) == 0
            small = Probe.of(seen.train_vectors[part], own[part], len(seen.names), max(fitted.shrink, 0.2), fitted.heat)
            fourths.append((small.logits(seen.vectors).argmax(1) != seen.true).astype(np.float64))
        quarter, whole = np.mean(fourths, axis=0), seen.probe_wrong
        before, now = float(quarter.mean()), float(whole.mean())
        if not seen.errors or now >= before or not now:
            return None
        slope = np.log(before / now) / np.log(4)
        gone = float(1 - 2**-slope)  # of the errors, where rows are twice as many
        spread = seen.share_of(quarter - whole, quarter)
        share = within(scaled(spread, gone / max(1 - now / before, 1e-9)))
        return Cause(
            key=self.key,
            side=self.side,
            share=share,
            p_value=p_of_less(np.rint(quarter), whole),
            what=localized("causes.few_rows.summary", rows=len(seen.every)),
            evidence=[
                localized(
                    "causes.few_rows.curve",
                    rows=len(own),
                    few=len(own) // 4,
                    before=share_text(before),
                    now=share_text(now),
                )
            ],
            next=[
                Try(kind="command", why=localized("causes.few_rows.draw"), command="tunebook curve BOOK --dry-run"),
                Try(kind="command", why=localized("causes.few_rows.label"), command="tunebook curve BOOK --next FILE"),
            ],
        )


__all__ = ["FewRows"]
