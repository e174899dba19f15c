"""Hard negatives: passages that a search finds for a query and that are not relevant to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.judged import Judged

Array = NDArray[Any]


@dataclass(frozen=True)
class Rules:
    """Which of the passages that are found are taken.

    Attributes:
        first, last: ranks, counted from 1; the best ones may well be relevant, though nobody said so.
        count: of each query at most.
        margin: a negative scores lower than the lowest of its query's relevant passages by at least so much.
        relative: the same as a share of that score: with 0.05 a negative has at most 95 % of it.
            Source: Moreira et al., NV-Retriever, 2024, arXiv:2407.15831, where 95 % is the best of several.
        pick: the best ones, or any, drawn with `seed`.

    Raises:
        DataError: `mine.rule`, a value out of its bounds.
    """

    first: int = 1
    last: int = 100
    count: int = 7
    margin: float = 0.0
    relative: float = 0.0
    pick: Literal["best", "any"] = "best"
    seed: int = 42

    def __post_init__(self) -> None:
        bounds = {
            "first": (1 <= self.first <= self.last, f"1 – {self.last}"),
            "count": (self.count >= 1, ">= 1"),
            "margin": (self.margin >= 0, ">= 0"),
            "relative": (0 <= self.relative < 1, "0 – 100%"),
            "pick": (self.pick in ("best", "any"), "best | any"),
        }
        for name, (good, allowed) in bounds.items():
            if not good:
                raise DataError("mine.rule", key=name, value=getattr(self, name), allowed=allowed)


@dataclass(frozen=True)
class Search:
    """What a search found for N queries.

    Attributes:
        found: passages and scores, best first; judged: those that are judged, with their gains.
        scores: of the judged ones, shape (M,).
        same: a number of each passage, the same for passages that read alike, shape (P,); asked: such numbers of the
            queries, shape (N,).
    """

    found: Judged
    judged: Judged
    scores: Array
    same: Array
    asked: Array


def negatives(search: Search, rules: Rules) -> tuple[Judged, dict[str, int]]:
    """The negatives of each query, best first, and how many were left out because they read like a relevant passage or
    the query (`alike`), or scored within the margin to a relevant one (`near`). None is one that was judged."""
    found = search.found
    rank = found.places + 1
    open_ = np.isnan(found.values_in(search.judged)) & (rank >= rules.first) & (rank <= rules.last)
    alike = open_ & _alike(search)
    near = open_ & ~alike & (found.value > _limits(search, rules)[found.row])
    taken = found.at(open_ & ~alike & ~near)
    if rules.pick == "any":
        draw = np.random.default_rng(rules.seed).random(len(taken.row))
        taken = taken.at(np.lexsort((draw, taken.row)))
    chosen = taken.at(taken.places < rules.count).best(rules.count)
    return chosen, {"alike": int(alike.sum()), "near": int(near.sum())}


def _alike(search: Search) -> Array:
    """Whether each passage that was found reads like its query or a relevant passage of it."""
    found, relevant = search.found, search.judged.at(search.judged.value > 0)
    read = Judged(found.row, search.same[found.passage], found.value, found.rows)
    known = ~np.isnan(read.values_in(Judged(relevant.row, search.same[relevant.passage], relevant.value, found.rows)))
    return np.asarray(known | (read.passage == search.asked[found.row]))


def _limits(search: Search, rules: Rules) -> Array:
    """The highest score that a negative of each query may have, shape (N,)."""
    lowest = np.full(search.found.rows, np.inf)
    relevant = search.judged.value > 0
    np.minimum.at(lowest, search.judged.row[relevant], search.scores[relevant])
    if not rules.margin and not rules.relative:
        return np.full(len(lowest), np.inf)
    known = np.isfinite(lowest)
    lowest[known] -= np.maximum(rules.margin, rules.relative * np.abs(lowest[known]))
    return lowest


__all__ = ["Rules", "Search", "negatives"]
