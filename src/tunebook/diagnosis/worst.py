"""The worst rows, with all that is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tunebook.diagnosis.records import Wrong
from tunebook.diagnosis.vicinity import near_rows

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked
    from tunebook.diagnosis.reading import Reading
    from tunebook.diagnosis.vicinity import Vicinity

MOST = 200


def worst_rows(looked: Looked, read: Reading, lie: Vicinity | None, doubts: Mapping[str, str]) -> list[Wrong]:
    """Wrong rows, the worst first: by their error mass, and of equal ones those that are answered most surely.

    Args:
        doubts: row id -> label that is likelier than its own.
    """
    wrong = np.flatnonzero(looked.wrong)
    scores = [_score(looked, row) for row in wrong.tolist()]
    sure = np.array([0.0 if score is None else score for score in scores])
    order = np.lexsort((wrong, -sure, -looked.mass[wrong]))[:MOST]
    rows = wrong[order].tolist()
    near = [[] for _ in rows] if lie is None else near_rows(looked, lie, rows)
    pairs = looked.rows.pairs
    return [
        Wrong(
            row=str(looked.rows.ids[row]),
            text=looked.rows.texts[row],
            pair=pairs[row] if pairs is not None else "",
            true=looked.task.shown(looked.true[row]),
            said=looked.task.brief(looked.said[row], 0).label,
            mass=float(looked.mass[row]),
            score=scores[place],
            near=close,
            strange=None if lie is None else float(lie.rank[row]),
            cut=bool(read.cut[row]),
            unknown=int(read.unknown[row]),
            doubt=doubts.get(str(looked.rows.ids[row]), ""),
        )
        for row, place, close in zip(rows, order.tolist(), near, strict=True)
    ]


def _score(looked: Looked, row: int) -> float | None:
    found = looked.said[row].get("score")
    return float(found) if isinstance(found, int | float) else None


__all__ = ["MOST", "worst_rows"]
