"""A class with too few training rows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.better import fisher
from tunebook.diagnosis.cause import MERGE, SURE, Cause, Side, Try, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen

_FEW = 0.5  # of the rows that the median class has


class FewOfClass(Finder):
    """Classes with few training rows, whose rows are wrong more often than those of other classes; rows that are taken
    for a class that is the same are not wrong here."""

    key: ClassVar[str] = "few_of_class"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """What the rows of such classes are wrong beyond the others."""
        counts, there = seen.counts, np.bincount(seen.true, minlength=len(seen.names))
        usual = float(np.median(counts[counts > 0]))
        mass = np.where(seen.once(alike).swapped(seen.true, seen.said), 0.0, seen.mass)
        wrong = np.bincount(seen.true, weights=mass, minlength=len(seen.names))
        found = []
        for number in np.flatnonzero(there):
            if counts[number] > _FEW * usual:
                continue
            own, rest = there[number], len(seen.true) - there[number]
            errors, others = round(wrong[number]), round(mass.sum() - wrong[number])
            found.append((len(there) * fisher(errors, int(own), others, int(rest)), int(number)))
        low = [number for p, number in found if p <= SURE]
        if not low:
            return None
        mine = np.isin(seen.true, low)
        rest_rate = float(mass[~mine].mean()) if (~mine).any() else 0.0
        first = min(found)[1]
        names = ", ".join(seen.names[number] for number in low[:5])
        return self.cause(
            seen,
            mine & (mass > 0),
            share=seen.share(np.where(mine, mass - rest_rate, 0.0)),
            p_value=min(1.0, min(found)[0]),
            what=localized("causes.few_of_class.summary", names=names),
            evidence=[
                localized(
                    "causes.few_of_class.rows", name=seen.names[first], rows=int(counts[first]), usual=f"{usual:.0f}"
                ),
                localized(
                    "causes.few_of_class.errors",
                    wrong=share_text(float(mass[mine].mean())),
                    rest=share_text(rest_rate),
                ),
            ],
            next=[
                Try(kind="data", why=localized("causes.few_of_class.label"), command=MERGE),
                candidate(localized("causes.few_of_class.weigh"), class_weights="balanced"),
            ],
        )


__all__ = ["FewOfClass"]
