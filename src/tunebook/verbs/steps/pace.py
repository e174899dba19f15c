"""How long work takes here: a plan foretells it for a machine without other work, the last runs tell the rest."""

from __future__ import annotations

import statistics
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import TunebookError
from tunebook.core.nouns import Estimate
from tunebook.verbs.steps.runs import runs_in

_LAST = 5  # runs that tell


@dataclass(frozen=True)
class Pace:
    """Seconds of the clock for each that was foretold.

    Attributes:
        runs: of which it is the median; 0 where none has finished yet.
    """

    factor: float = 1.0
    runs: int = 0

    def seconds(self, estimate: Estimate) -> float:
        """What work takes by the clock: as the last runs did, else as busy as the machine is now."""
        return self.factor * estimate.seconds if self.runs else max(estimate.seconds, estimate.clock_seconds)


def pace_of(runs: Path) -> Pace:
    """The pace of the last finished runs of a folder; one that cannot be read tells nothing."""
    found: list[float] = []
    for run in reversed(runs_in(runs)):
        with suppress(TunebookError, KeyError, ZeroDivisionError):
            if run.finished:
                took = run.outcome["seconds"] + run.outcome.get("stage_seconds", 0.0)
                found.append(took / run.plan.whole.seconds)
        if len(found) == _LAST:
            break
    return Pace(statistics.median(found), len(found)) if found else Pace()


__all__ = ["Pace", "pace_of"]
