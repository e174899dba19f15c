"""A training as it goes on: what its metrics file says beyond what a browser has seen, how fast it is, where it stands.

Whoever trains it, a page or a command line, writes the same file and holds the same lock: so nothing of a watcher has
to be there when it begins, and a server that was started again goes on watching.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tunebook.core.formatting import duration, finite
from tunebook.core.messages import say
from tunebook.verbs.steps.runs import Run
from tunebook.web.jobs import Job, Jobs

Standing = Literal["begins", "trains", "scores", "done", "failed", "stopped"]
LIVE: tuple[Standing, ...] = ("begins", "trains", "scores")
_MARK = re.compile(r"(\d+)-(\d+)")
_FAR = re.compile(r"\d+/\d+")


@dataclass(frozen=True)
class News:
    """What a metrics file holds beyond a mark.

    Attributes:
        entries: as they were logged; again: all that was seen is void, for the training went back to a checkpoint.
        mark: number and step of the last entry, as a browser says it with its next question.
    """

    entries: list[dict[str, Any]]
    again: bool
    mark: str


def news(run: Run, mark: str = "") -> News:
    """What was logged since a mark; everything where it is empty or none of this file's."""
    history = run.history
    found = _MARK.fullmatch(mark)
    seen, step = (int(found[1]), int(found[2])) if found else (0, 0)
    again = seen > len(history) or (seen > 0 and int(history[seen - 1]["step"]) != step)
    fresh = history if again else history[seen:]
    at = f"{len(history)}-{int(history[-1]['step'])}" if history else ""
    return News([finite(entry) for entry in fresh], again, at)


@dataclass
class Pace:
    """How fast steps are made, as a watcher sees it; `clock` gives seconds.

    Attributes:
        first: step and time of the first look that saw one.
    """

    total: int
    clock: Callable[[], float] = time.monotonic
    first: tuple[int, float] | None = field(default=None, init=False)

    def text(self, step: int) -> str:
        """Rate and time left in words; empty before a second step was seen."""
        now = self.clock()
        if self.first is None or step < self.first[0]:
            self.first = (step, now)
        steps, spent = step - self.first[0], now - self.first[1]
        if not steps or not spent:
            return ""
        rate = steps / spent
        return say("train_page.pace", rate=f"{rate:.3g}", left=duration(max(self.total - step, 0) / rate))


def job_of(run: Run, jobs: Jobs) -> Job | None:
    """The command of a page that trains a run, or did; None for one that was begun elsewhere."""
    return jobs.about(run.plan_id) if run.plan_id else None


def standing(run: Run, jobs: Jobs) -> Standing:
    """Where a training stands: told by its files and locks, whoever began it."""
    job = job_of(run, jobs)
    working = job is not None and jobs.state(job) == "running"
    if run.finished:
        return "scores" if working else "done"
    if run.at_work:
        return "trains"
    if working:
        return "begins"
    return "failed" if run.failure else "stopped"


def said(run: Run, jobs: Jobs) -> str:
    """The last line of progress that its command told; empty where that is not ours to hear. Without its figures: they
    are of the step before, and the page shows those of the last one."""
    job = job_of(run, jobs)
    lines = jobs.said(job).splitlines() if job else []
    return next((line.partition(" · loss ")[0] for line in reversed(lines) if _FAR.search(line)), "")


__all__ = ["LIVE", "News", "Pace", "Standing", "job_of", "news", "said", "standing"]
