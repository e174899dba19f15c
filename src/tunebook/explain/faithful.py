"""How faithful explanations are: what a score loses when the strongest units go first, against random order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.progress import Progress, Silent
from tunebook.explain.answered import answered
from tunebook.explain.explaining import How, Target, targets_of
from tunebook.explain.method import method_of
from tunebook.explain.records import Curve, Faithful
from tunebook.stats.intervals import of_mean

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

Floats = NDArray[np.float64]
STEPS = 10
ORDERS = 5  # random ones of each row
METHODS = ("integrated_gradients", "occlusion", "attention_rollout")
_LEAST = 2  # units that can stand in an order


@dataclass(frozen=True)
class Paths:
    """Scores of rows while units are taken away and while they are added, shape (N, STEPS + 1) each; of random order
    the mean of several."""

    deleted: Floats
    inserted: Floats


def faithful(
    loaded: LoadedModel,
    rows: Rows,
    *,
    methods: Sequence[str] = METHODS,
    how: How | None = None,
    groups: NDArray[np.int64] | None = None,
    progress: Progress | None = None,
) -> Faithful:
    """Curves of methods on the first thing that each row says.

    A score is a chance where scores are log-odds. Each order begins with the unit that speaks most for what is said.
    Rows of one unit say nothing and are left out.

    Args:
        groups: number of the group of each row, shape (N,), where not single rows were drawn.

    Source: Petsiuk, Das and Saenko 2018 (arXiv:1806.07421), section 3.2; DeYoung et al. 2020 (arXiv:1911.03429).
    """
    how, watch = how or How(), progress or Silent()
    found: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in (*methods, "")}
    chance, places = True, []
    watch.start("faithful", len(rows))
    for place, target in _targets(loaded, rows, how, watch):
        chance = target.line.aim.odds
        places.append(place)
        for name in methods:
            values = method_of(name).explain(target.line, target.units).values
            found[name].append(_mean_paths(target, np.argsort(-values, kind="stable")[None]))
        found[""].append(_mean_paths(target, random_orders(len(target.units), target.line.ids[0].tolist())))
    watch.finish()
    paths = {name: Paths(*(np.array(side) for side in zip(*each, strict=True))) for name, each in found.items() if each}
    return _summed(paths, methods, chance, how, None if groups is None else groups[places])


def _targets(loaded: LoadedModel, rows: Rows, how: How, watch: Progress) -> Iterator[tuple[int, Target]]:
    """Places of rows, and the first thing that each says."""
    there = [n for n, text in enumerate(rows.texts) if text.strip() and (rows.pairs or rows.texts)[n].strip()]
    rows = answered(loaded, rows.at(there)) if there else rows.at(there)
    for number in range(len(rows)):
        first = next(targets_of(loaded, rows.at([number]), how), None)
        if first is not None and len(first.units) >= _LEAST:
            yield there[number], first
        watch.advance()


def random_orders(count: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Random orders of units, shape (ORDERS, count), the same for the same seed."""
    draw = np.random.default_rng(list(seed))
    return np.stack([draw.permutation(count) for _ in range(ORDERS)])


def _mean_paths(target: Target, orders: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Scores on both ways of some orders (K, U), the mean of these, shape (STEPS + 1,) each."""
    removed = np.concatenate([removals(order) for order in orders])
    both = np.concatenate([removed, ~removed])
    scores = target.line.scores(target.units.without(both))
    if target.line.aim.odds:
        scores = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
    away, kept = scores.reshape(2, len(orders), STEPS + 1).mean(axis=1)
    return away, kept


def removals(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which units are gone at each step, shape (STEPS + 1, U): none at first, all at the end."""
    count = len(order)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    many = np.round(np.linspace(0, count, STEPS + 1)).astype(np.int64)
    return rank[None] < many[:, None]


def area(scores: Floats) -> Floats:
    """Area below curves (..., STEPS + 1) over shares from 0 to 1, by trapezoids."""
    found: Floats = (scores[..., 1:] + scores[..., :-1]).mean(axis=-1) / 2
    return found


def _summed(
    paths: dict[str, Paths],
    methods: Sequence[str],
    chance: bool,
    how: How,
    groups: NDArray[np.int64] | None,
) -> Faithful:
    level = 1 - 0.05 / max(2 * len(methods), 1)
    base = paths.get("")
    curves = [_curve(name, paths[name], base, level, groups) for name in methods if name in paths and base is not None]
    return Faithful(
        rows=0 if base is None else len(base.deleted),
        by=how.by,
        orders=ORDERS,
        level=level,
        shares=np.linspace(0, 1, STEPS + 1).tolist(),
        chance=chance,
        random_deleted=[] if base is None else base.deleted.mean(axis=0).tolist(),
        random_inserted=[] if base is None else base.inserted.mean(axis=0).tolist(),
        curves=curves,
    )


def _curve(name: str, own: Paths, base: Paths, level: float, groups: NDArray[np.int64] | None) -> Curve:
    return Curve(
        method=name,
        deletion=of_mean(area(own.deleted), groups),
        insertion=of_mean(area(own.inserted), groups),
        deletion_gain=of_mean(area(base.deleted) - area(own.deleted), groups, level),
        insertion_gain=of_mean(area(own.inserted) - area(base.inserted), groups, level),
        deleted=own.deleted.mean(axis=0).tolist(),
        inserted=own.inserted.mean(axis=0).tolist(),
    )


__all__ = ["METHODS", "ORDERS", "STEPS", "Paths", "area", "faithful", "random_orders", "removals"]
