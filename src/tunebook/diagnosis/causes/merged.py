"""Two classes that are one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from tunebook.core.localized import localized
from tunebook.diagnosis.cause import ANEW, SURE, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen

_APART = 0.8  # area under the curve from which on two classes can be told apart after all
_ROWS = 5  # of each class
_OFTEN = 0.15  # of the rows of both that are taken for the other


class Merged(Finder):
    """Two classes that are taken for each other, and that a probe cannot tell apart either.

    All errors may go one way: where nothing tells the two apart, the more frequent one is always said.
    """

    key: ClassVar[str] = "merged"
    side: ClassVar[Side] = "data"
    classes: ClassVar[bool] = True

    def find(self, seen: Seen) -> Cause | None:
        """Errors that would be none if the two were one."""
        count = len(seen.names)
        if count < 3:
            return None
        confused = np.zeros((count, count))
        np.add.at(confused, (seen.true, seen.said), 1.0)
        there = np.bincount(seen.true, minlength=count)
        often = (confused + confused.T) >= np.maximum(_OFTEN * (there[:, None] + there), 2)
        pairs = [(one, two) for one in range(count) for two in range(one) if often[one, two]]
        found = [(self._apart(seen, one, two), one, two) for one, two in pairs]
        alike = [
            (p, area, one, two)
            for (area, spread), one, two in found
            if (p := len(pairs) * float(ndtr((area - _APART) / spread))) <= SURE
        ]
        if not alike:
            return None
        mine = np.zeros(len(seen.true), dtype=bool)
        for _, _, one, two in alike:
            mine |= ((seen.true == one) & (seen.said == two)) | ((seen.true == two) & (seen.said == one))
        p, area, one, two = max(alike, key=lambda item: confused[item[2], item[3]] + confused[item[3], item[2]])
        return Cause(
            key=self.key,
            side=self.side,
            share=seen.share(np.where(mine, seen.mass, 0.0)),
            p_value=min(1.0, p),
            where=seen.split,
            ids=seen.ids(np.flatnonzero(mine)),
            what=localized("causes.merged.summary", one=seen.names[one], two=seen.names[two]),
            evidence=[
                localized(
                    "causes.merged.confused",
                    one=seen.names[one],
                    two=seen.names[two],
                    there=int(confused[one, two]),
                    back=int(confused[two, one]),
                    rows=int(np.isin(seen.true, (one, two)).sum()),
                ),
                localized("causes.merged.apart", auc=f"{area:.2f}"),
            ],
            next=[Try(kind="data", why=localized("causes.merged.join"), command=ANEW)],
        )

    @staticmethod
    def _apart(seen: Seen, one: int, two: int) -> tuple[float, float]:
        """Area under the curve of probes that tell the two classes apart, and its standard deviation.

        Source: Hanley and McNeil 1982 (doi:10.1148/radiology.143.1.7063747).
        """
        from scipy.stats import rankdata

        sides = []
        for chances, own in ((seen.probe.chances, seen.train_true), (seen.probe_chances, seen.true)):
            odds = np.log(np.maximum(chances[:, one], 1e-12)) - np.log(np.maximum(chances[:, two], 1e-12))
            sides.append((odds[own == one], odds[own == two]))
        areas, weights, variances = [], [], []
        for first, second in sides:
            m, n = len(first), len(second)
            if min(m, n) < _ROWS:
                continue
            ranks = rankdata(np.concatenate([first, second]))
            area = float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))
            q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
            areas.append(area)
            weights.append(min(m, n))
            variances.append((area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n))
        if not areas:
            return 1.0, 1.0
        share = np.array(weights) / sum(weights)
        return float(share @ areas), float(np.sqrt(max(float(share**2 @ variances), 1e-9)))


__all__ = ["Merged"]
