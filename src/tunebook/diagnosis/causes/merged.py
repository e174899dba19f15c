"""Two classes that are one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.localized import localized
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.cause import ANEW, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen


class Merged(Finder):
    """Two classes that are taken for each other, and that neither a probe nor bare words can tell apart."""

    key: ClassVar[str] = "merged"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Errors that would be none if the two were one."""
        true, said = seen.true, seen.said
        found = seen.once(alike)
        mine = found.swapped(true, said)
        if not found.pairs:
            return None
        worst = max(found.pairs, key=lambda pair: pair.swapped(true, said).sum())
        names = {"one": seen.names[worst.one], "two": seen.names[worst.two]}
        there = int(((true == worst.one) & (said == worst.two)).sum())
        return self.cause(
            seen,
            mine,
            share=seen.share(np.where(mine, seen.mass, 0.0)),
            p_value=found.p_value,
            what=localized("causes.merged.summary", **names),
            evidence=[
                localized(
                    "causes.merged.confused",
                    **names,
                    there=there,
                    back=int(worst.swapped(true, said).sum()) - there,
                    rows=int(np.isin(true, (worst.one, worst.two)).sum()),
                ),
                localized("causes.merged.apart", auc=f"{worst.area:.2f}"),
            ],
            next=[Try(kind="data", why=localized("causes.merged.join"), command=ANEW)],
        )


__all__ = ["Merged"]
