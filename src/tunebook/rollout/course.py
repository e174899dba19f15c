"""How the evidence of a rollout came about: what looks at several moments would have found, from the logs alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunebook.knowledge.log import Entry
from tunebook.requests.log import RequestLog
from tunebook.rollout.rows import rows_of
from tunebook.rollout.state import State, fold, fold_on
from tunebook.rollout.step import Look, look_at
from tunebook.verbs.steps.book import Book

POINTS = 40


@dataclass(frozen=True)
class Moment:
    """A look at one moment of a rollout; `requests`: that both runs together had answered by then, shadow or not."""

    at: float
    requests: int
    look: Look


def course(book: Book, log: RequestLog, now: float, points: int = POINTS) -> list[Moment]:
    """Looks at the rollout that is on, or at the last one, at moments of equal distance; empty before the first.

    Args:
        now: seconds since 1970; of one that has ended its end counts.

    Raises:
        BookError: as `state`. MachineError: the request log cannot be read.
    """
    states = _states(book.log.entries("rollout"))
    if not states:
        return []
    end = states[-1].since if states[-1].candidate is None else now
    found = []
    for at in np.linspace(states[0].begun, end, points + 1)[1:].tolist():
        then = [item for item in states if item.candidate is not None and item.since <= at][-1]
        rows = rows_of(log, then, at)
        found.append(Moment(at, len(np.unique(rows.request)), look_at(then, log, book.data.labels, at)))
    return found


def _states(entries: list[Entry]) -> list[State]:
    """The states of the last rollout, from its start to its end."""
    starts = [place for place, entry in enumerate(entries) if entry.evidence.get("event") == "start"]
    if not starts:
        return []
    found = [fold(entries[: starts[-1] + 1])]
    for entry in entries[starts[-1] + 1 :]:
        if found[-1].candidate is None:
            break
        found.append(fold_on(found[-1], entry))
    return found


__all__ = ["POINTS", "Moment", "course"]
