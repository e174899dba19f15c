"""Hard negatives: passages that a search finds for a query and that are not relevant to it."""

from __future__ import annotations

from collections.abc import Callable
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
        gap: where a reranker judges them too, by how much a negative scores lower than the lowest of its query's
            relevant passages.

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
    gap: float = 0.0

    def __post_init__(self) -> None:
        bounds = {
            "first": (1 <= self.first <= self.last, f"1 – {self.last}"),
            "count": (self.count >= 1, ">= 1"),
            "margin": (self.margin >= 0, ">= 0"),
            "gap": (0 <= self.gap <= 1, "0 – 1"),
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


def negatives(
    search: Search, rules: Rules, judge: Callable[[Judged], Array] | None = None
) -> tuple[Judged, dict[str, int]]:
    """The negatives of each query, best first, and how many were left out because they read like a relevant passage or
    the query (`alike`), scored within the margin to a relevant one (`near`), or were found as relevant as one by a
    reranker (`filtered`). None is one that was judged.

    Args:
        judge: scores of pairs (M,) by a reranker; it is asked for no more than are needed.
    """
    found = search.found
    rank = found.places + 1
    open_ = np.isnan(found.values_in(search.judged)) & (rank >= rules.first) & (rank <= rules.last)
    alike = open_ & _alike(search)
    near = open_ & ~alike & (found.value > _limits(search, rules)[found.row])
    taken = found.at(open_ & ~alike & ~near)
    if rules.pick == "any":
        draw = np.random.default_rng(rules.seed).random(len(taken.row))
        taken = taken.at(np.lexsort((draw, taken.row)))
    left = {"alike": int(alike.sum()), "near": int(near.sum())}
    if judge is not None:
        taken, left["filtered"] = _filtered(taken, search.judged.at(search.judged.value > 0), rules, judge)
    return taken.at(taken.places < rules.count).best(rules.count), left


def _filtered(taken: Judged, relevant: Judged, rules: Rules, judge: Callable[[Judged], Array]) -> tuple[Judged, int]:
    """The first candidates of each query that a reranker finds less relevant than all of its relevant passages, by the
    gap, as many as are wanted; and how many it did not."""
    least = np.full(taken.rows, np.inf)
    asked = relevant.at(np.isin(relevant.row, taken.row))
    np.minimum.at(least, asked.row, judge(asked))
    fate = np.zeros(len(taken.row), dtype=np.int8)  # 0: not looked at, 1: kept, 2: left out
    while True:
        wanted = rules.count - taken.at(fate == 1).counts
        rest = np.flatnonzero(fate == 0)
        some = rest[taken.at(rest).places < wanted[taken.row[rest]]]
        if not len(some):
            return taken.at(fate == 1), int((fate == 2).sum())
        lower = judge(taken.at(some)) < least[taken.row[some]] - rules.gap
        fate[some] = np.where(lower, 1, 2)


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
