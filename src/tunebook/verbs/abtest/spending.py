"""When a test is looked at, and what each look may spend of alpha: looks that were taken cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Record
from tunebook.core.verdict import FEWEST_SEEDS, MOST_LOOKS, Gate
from tunebook.stats.sequential import remaining, together

_LEAST = 0.01  # share of alpha; with less of it no look could decide


class PlannedLook(Record):
    """After so many pairs the test is looked at, at this one-sided error."""

    seeds: int
    alpha: float


class Taken(NamedTuple):
    """A look that an earlier test has taken.

    Attributes:
        draw: what names the runs and the metric that it looked at, where they are not those of the planned test.
    """

    test: str
    seeds: int
    alpha: float
    draw: str = ""


def nested(seeds: Sequence[int]) -> bool:
    """Whether these are the first seeds, 1, 2, ...: only then is a look at more of them one more look at the same."""
    return list(seeds) == list(range(1, len(seeds) + 1))


def dearest(looks: Iterable[Taken | PlannedLook]) -> list[PlannedLook]:
    """The looks in the order of their seeds, each number once, with the largest error that was spent there."""
    found: dict[int, float] = {}
    for look in looks:
        found[look.seeds] = max(look.alpha, found.get(look.seeds, 0.0))
    return [PlannedLook(seeds=seeds, alpha=found[seeds]) for seeds in sorted(found)]


def error_of(looks: Iterable[Taken | PlannedLook]) -> float:
    """Probability that a table that is no better passes one of these looks at least, all of them at the same runs."""
    levels = {look.seeds: look.alpha for look in dearest(looks)}
    return together(levels) if levels else 0.0


def by_draw(looks: Iterable[Taken]) -> dict[str, list[Taken]]:
    """Looks at the same runs in the same metric together."""
    found: dict[str, list[Taken]] = {}
    for look in looks:
        found.setdefault(look.draw, []).append(look)
    return found


def spent_elsewhere(past: Iterable[Taken]) -> float:
    """What looks at other runs, or in another metric, have spent: nothing is shared with them, so it adds up."""
    return sum(error_of(looks) for draw, looks in by_draw(past).items() if draw)


def planned_looks(seeds: int, asked: Sequence[int] | None, gate: Gate, past: Sequence[Taken] = ()) -> list[PlannedLook]:
    """When a test of so many seeds is looked at, the last time at its end, and what each look spends.

    Later looks that are wanted are paid for as well: whoever goes on to them after INCONCLUSIVE stays within alpha. So
    is the gate's own end in a longer test: it might have been chosen instead.

    Args:
        asked: numbers of pairs in place of the gate's.

    Raises:
        PlanError: `ab.looks`, too early or too many; `ab.spent`, nothing is left of alpha.
    """
    wanted = sorted(set(gate.looks if asked is None else asked))
    places = [look for look in wanted if look < seeds] + [seeds]
    if places[0] < FEWEST_SEEDS or len(places) > MOST_LOOKS:
        key = "[gate] looks" if asked is None else "looks"
        raise PlanError(
            "ab.looks", key=key, value=", ".join(map(str, wanted)), allowed=f"{FEWEST_SEEDS} … {seeds}",
            most=MOST_LOOKS, seeds=seeds,
        )  # fmt: skip
    own = {look.seeds: look.alpha for look in dearest(look for look in past if not look.draw)}
    left = gate.alpha - spent_elsewhere(past)
    every = {*places, *wanted, *([gate.seeds] if asked is None and gate.seeds >= FEWEST_SEEDS else [])}
    alpha = remaining(left, tuple(sorted(every)), own) if left > _LEAST * gate.alpha else 0.0
    if not alpha:
        tests = ", ".join(dict.fromkeys(look.test for look in past))
        told = ", ".join(f"{look.seeds}: {look.alpha:.3g}" for look in dearest(past))
        raise PlanError("ab.spent", key=tests, value=gate.alpha, looks=told)
    return [PlannedLook(seeds=place, alpha=alpha) for place in places]


__all__ = ["PlannedLook", "Taken", "by_draw", "dearest", "error_of", "nested", "planned_looks", "spent_elsewhere"]
