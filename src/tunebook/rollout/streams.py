"""From rows to values that can be bet on: pairs of answers in shadow, and units that were drawn for one of two arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.rollout.rows import Bools, Floats, Ints, Rows
from tunebook.stats.e_process import two_arms


@dataclass(frozen=True)
class Measured:
    """Something between 0 and 1 that is known of requests, of which more is worse; in the order in which it was known.

    Attributes:
        place: of a row of each request, shape (n,); value: mean over its texts; at: when it was known.
    """

    place: Ints
    value: Floats
    at: Floats


@dataclass(frozen=True)
class Draws:
    """How rows came to their arm.

    Attributes:
        served: users heard one of the two, drawn; chance: with which the unit was drawn for the new one at its stage,
            given what was known of it before; NaN where nothing was drawn. first: of its unit at this stage.
        turn: number of (unit, stage), -1 where nothing was drawn.
    """

    served: Bools
    chance: Floats
    first: Bools
    turn: Ints


def draws_of(rows: Rows, stages: list[float]) -> Draws:
    """The draws of all rows.

    A unit that has the new one keeps it: at a later stage nothing is drawn for it. One that had the old one at share a
    is drawn at share b with chance (b - a) / (1 - a).

    Args:
        stages: shares in per cent.
    """
    shares = np.asarray(stages)[rows.stage - 1] / 100
    served = (shares > 0) & (shares < 1)
    index = np.flatnonzero(served)
    key = rows.unit[index] * (len(stages) + 1) + rows.stage[index]
    turns, begin, turn_of = np.unique(key, return_index=True, return_inverse=True)  # index is sorted by time
    unit = turns // (len(stages) + 1)
    share, new = shares[index][begin], rows.new[index][begin]
    again = np.concatenate([[False], unit[1:] == unit[:-1]]) if len(unit) else np.zeros(0, bool)
    earlier = np.where(again, np.roll(share, 1), 0.0)
    chance = (share - earlier) / (1 - earlier)
    chance[again & np.roll(new, 1)] = np.nan
    found, first, turn = np.full(len(rows), np.nan), np.zeros(len(rows), bool), np.full(len(rows), -1)
    found[index], turn[index] = chance[turn_of], turn_of
    first[index[begin]] = True
    return Draws(served, found, first, turn)


def measured(rows: Rows, value: Floats, at: Floats, among: Bools) -> Measured:
    """The mean over the texts of each request and arm.

    Args:
        value: of each row, NaN where it is not known; at: when it was; among: rows that are asked about.
    """
    index = np.flatnonzero(among & np.isfinite(value))
    keys = rows.request[index] * 2 + rows.new[index]
    _, begin, which = np.unique(keys, return_index=True, return_inverse=True)
    count = np.bincount(which)
    mean = np.bincount(which, weights=value[index]) / np.maximum(count, 1)
    last = np.full(len(begin), -np.inf)
    np.maximum.at(last, which, at[index])
    order = np.argsort(last, kind="stable")
    return Measured(index[begin][order], mean[order], last[order])


def once(found: Measured, draws: Draws) -> Measured:
    """The first of each unit at each stage: what a unit does later is no news of its own."""
    _, begin = np.unique(draws.turn[found.place], return_index=True)
    kept = np.sort(begin)
    return Measured(found.place[kept], found.value[kept], found.at[kept])


def drawn(found: Measured, rows: Rows, draws: Draws) -> tuple[Floats, Floats]:
    """Values with the mean "new minus old", and their least, of those that were drawn; see `two_arms`."""
    chance = draws.chance[found.place]
    known = np.isfinite(chance)
    place = found.place[known]
    return two_arms(found.value[known], rows.new[place], chance[known])


@dataclass(frozen=True)
class Pairs:
    """Requests that both have answered, in the order in which both values were known; all of shape (n,).

    Attributes:
        apart: value of the new one minus that of the old one; old, new: place of a row of each.
    """

    apart: Floats
    old: Ints
    new: Ints


def paired(rows: Rows, found: Measured) -> Pairs:
    """The pairs among these."""
    request, new = rows.request[found.place], rows.new[found.place]
    order = np.lexsort((new, request))
    both = np.flatnonzero((request[order][1:] == request[order][:-1]) & (new[order][1:] != new[order][:-1]))
    old_of, new_of = order[both], order[both + 1]
    time = np.argsort(np.maximum(old_of, new_of), kind="stable")  # the later of the two makes it a pair
    old_of, new_of = old_of[time], new_of[time]
    return Pairs(found.value[new_of] - found.value[old_of], found.place[old_of], found.place[new_of])


def in_shadow(rows: Rows, stages: list[float]) -> Bools:
    """Rows of a stage at which both answer."""
    found: Bools = np.asarray(stages)[rows.stage - 1] == 0
    return found


def arm_counts(rows: Rows, draws: Draws) -> list[tuple[NDArray[np.int64], float]]:
    """Units of the new arm and of the old one, with the chance of the new one, of each chance that units were drawn
    with."""
    index = np.flatnonzero(draws.first & np.isfinite(draws.chance))
    found = []
    for chance in np.unique(draws.chance[index].round(12)):
        at = index[np.isclose(draws.chance[index], chance)]
        new = int(rows.new[at].sum())
        found.append((np.array([new, len(at) - new]), float(chance)))
    return found


__all__ = ["Draws", "Measured", "Pairs", "arm_counts", "drawn", "draws_of", "in_shadow", "measured", "once", "paired"]
