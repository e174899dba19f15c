"""Where a test stands: what each seed of both arms has come to, told by the files that it leaves as it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunebook.core.errors import BookError
from tunebook.core.locations import PLAN
from tunebook.core.nouns import Plan, read_json
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.arms import ended
from tunebook.verbs.abtest.pairs import Seen
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

Where = Literal["waits", "trains", "stopped", "trained", "failed", "judged"]


@dataclass(frozen=True)
class Seat:
    """A run of an arm, or the place of one that is still to come.

    Attributes:
        score: on the validation rows, by the metric of the test; None before its end, and where it has none.
    """

    where: Where
    run: Run | None = None
    score: float | None = None


def read_plan_of(book: Book, test: str) -> ABPlan:
    """The frozen plan of a test.

    Raises:
        BookError: `file.missing`, `file.damaged`; there is no such test.
    """
    plan: ABPlan = read_json(ABPlan, book.path / "tests" / test / "plan.json")
    return plan


def seats(book: Book, plan: ABPlan) -> list[tuple[int, Seat, Seat]]:
    """Each seed of a test with its run of A and that of B."""
    folder = book.path / "tests" / plan.id
    bases = [_base(book, first) for first in (plan.a_plan, plan.b_plan)]
    lines = []
    for seed in plan.seeds:
        seen = _seen(folder / "pairs" / f"{seed}.json")
        if seen is not None:
            runs = [Run(book.path / "runs" / name) for name in seen.runs]
            pair = [Seat("judged", run, _score(run, plan.metric)) for run in runs]
        else:
            seeds = (seed, (seed + plan.shift) % 2**32)
            pair = [_seat(book, base, own, plan.metric) for base, own in zip(bases, seeds, strict=True)]
        lines.append((seed, pair[0], pair[1]))
    return lines


def _base(book: Book, first: str) -> Plan | None:
    """The plan of an arm's first run; None before it was begun."""
    for run in _runs(book, first):
        try:
            return run.plan
        except BookError:
            continue
    return None


def _runs(book: Book, plan: str) -> Iterator[Run]:
    """Runs of a plan, the newest first."""
    paths = sorted((book.path / "runs").glob(f"*-{plan}*/{PLAN}"), reverse=True)
    return (Run(path.parent) for path in paths)


def _seen(path: Path) -> Seen | None:
    try:
        seen: Seen = read_json(Seen, path)
    except BookError:
        return None
    return seen


def _seat(book: Book, base: Plan | None, seed: int, metric: str) -> Seat:
    plan = base.with_seed(seed) if base is not None else None
    run = next(_runs(book, plan.id), None) if plan is not None else None
    if run is None or plan is None:
        return Seat("waits")
    if run.at_work:
        return Seat("trains", run)
    result = ended(run, plan)
    if result is None:
        return Seat("stopped", run)
    return Seat("failed", run) if result.failed else Seat("trained", run, _score(run, metric))


def _score(run: Run, metric: str) -> float | None:
    try:
        return run.validation_scores.get(metric)
    except BookError:  # it was taken away, or its files are damaged
        return None


__all__ = ["Seat", "Where", "read_plan_of", "seats"]
