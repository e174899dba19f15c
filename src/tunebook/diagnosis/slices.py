"""The worst slices: rows that meet a condition or two and are worse than all others, however many were searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.diagnosis.conditions import CELLS, LEAST, Condition
from tunebook.diagnosis.records import Part, Slice, Slices
from tunebook.diagnosis.shares import share_of
from tunebook.stats.worst_parts import DRAWS, parts_of, root_ratio, worse_parts

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked

Array = NDArray[Any]
SURE = 0.05
_PAIRED, _MOST = 150, 6000  # words that are joined with others; and slices
_SHOWN, _NEAR, _IDS = 15, 5, 50
_LEFT = 2.0  # root of the likelihood ratio from which on what is left of a slice is still worse


def worst_slices(looked: Looked, told: Sequence[Condition], words: Sequence[Condition], draws: int = DRAWS) -> Slices:
    """Search all conditions, all pairs of what is told, and what is told with the most frequent words.

    Which slices are searched hangs on how many rows they have, never on how wrong these are, so that the p-values hold.
    """
    tried = combined(told, words)
    if not tried or not looked.wrong.any():
        return Slices(searched=len(tried))
    masks = np.stack([rows for _, rows in tried])
    tested = worse_parts(parts_of(masks), looked.mass, looked.units, draws)
    order = np.lexsort((-tested.statistic, tested.p_value))
    sure = [int(place) for place in order if tested.p_value[place] <= SURE and tested.statistic[place] > 0]
    shown = apart_from_each_other(masks, looked.mass, sure)[:_SHOWN]
    near = [] if shown else [int(place) for place in order[:_NEAR] if tested.statistic[place] > 0]
    made = [[_slice(looked, *tried[place], float(tested.p_value[place])) for place in ones] for ones in (shown, near)]
    return Slices(searched=len(tried), found=made[0], near=made[1])


def combined(told: Sequence[Condition], words: Sequence[Condition]) -> list[tuple[list[Part], Array]]:
    """Conditions and pairs of them, each set of rows once, the simplest first; at most as many as there is room for."""
    single = [*told, *words]
    found = [([one.part], one.rows) for one in single]
    seen = {one.rows.tobytes() for one in single}
    rows = len(single[0].rows) if single else 1
    most = max(len(single), min(_MOST, CELLS // max(rows, 1)))
    for first, one in enumerate(told):
        for other in (*told[first + 1 :], *words[:_PAIRED]):
            if len(found) >= most:
                return found
            both = one.rows & other.rows
            count = int(both.sum())
            alike = count in (int(one.rows.sum()), int(other.rows.sum()))
            if count < LEAST or alike or (key := both.tobytes()) in seen:
                continue
            seen.add(key)
            found.append(([one.part, other.part], both))
    return found


def apart_from_each_other(masks: Array, mass: Array, places: Sequence[int]) -> list[int]:
    """Of slices in an order those that are still worse without the rows of the ones before."""
    taken, kept = np.zeros(masks.shape[1], dtype=bool), []
    for place in places:
        rest = masks[place] & ~taken
        count, left = int(rest.sum()), ~taken
        if count < LEAST:
            continue
        worse = root_ratio(mass[rest].sum(), np.array(count), float(mass[left].sum()), float(left.sum()))
        if worse >= _LEFT:
            kept.append(place)
            taken |= masks[place]
    return kept


def _slice(looked: Looked, parts: list[Part], rows: Array, p_value: float) -> Slice:
    share, rest = (share_of(looked.mass, looked.units, side) for side in (rows, ~rows))
    assert share is not None and rest is not None  # conditions have rows on both sides
    wrong = np.flatnonzero(rows & looked.wrong)
    worst = wrong[np.argsort(-looked.mass[wrong], kind="stable")][:_IDS]
    return Slice(
        parts=parts,
        rows=int(rows.sum()),
        errors=float(looked.mass[rows].sum()),
        share=share,
        rest=rest,
        p_value=p_value,
        ids=[str(looked.rows.ids[row]) for row in worst],
    )


__all__ = ["SURE", "apart_from_each_other", "combined", "worst_slices"]
