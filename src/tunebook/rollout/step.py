"""One look at a rollout, and what follows from it: it goes on, waits, is ready for a person's word, or ends.

Nothing is remembered between looks: the change log says where the rollout stands, the request log what was seen. So a
look may be taken by any process, as often as one likes, and two at the same time do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tunebook.core.errors import BookError
from tunebook.core.formatting import phrase
from tunebook.core.localized import Localized, localized
from tunebook.core.nouns import Labels
from tunebook.requests.log import RequestLog
from tunebook.rollout.answers import agreement, shares, spread
from tunebook.rollout.evidence import Evidence
from tunebook.rollout.feedback import columns, labels, metric
from tunebook.rollout.health import errors, latency, sample_ratio
from tunebook.rollout.rows import Rows
from tunebook.rollout.seen import Seen, seen
from tunebook.rollout.state import State, state, write
from tunebook.verbs.steps.book import Book

Decision = Literal["go on", "hold", "abort", "ready", "none"]
MACHINE = "tunebook"  # who acts where nobody does


@dataclass(frozen=True)
class Look:
    """What a look has found.

    Attributes:
        state: where the rollout stood; requests: of the candidate at this stage.
        evidence: gates first, then what is told.
        decision: `none` where no rollout is on; why: in a sentence.
    """

    state: State
    requests: int = 0
    evidence: tuple[Evidence, ...] = ()
    decision: Decision = "none"
    why: Localized | None = None

    def to_json(self) -> dict[str, Any]:
        """For the log and for `--json`."""
        told = [item.to_json() for item in self.evidence]
        return {"stage": self.state.stage, "share": self.state.share, "requests": self.requests, "evidence": told,
                "decision": self.decision}  # fmt: skip


def step(book: Book, log: RequestLog, now: float) -> State:
    """Look, and do what follows; gives where the rollout stands after that.

    An abort returns everybody to the live run at once. The last stage and the end are a person's unless the rules say
    otherwise. If somebody else was faster, nothing is done.

    Args:
        now: seconds since 1970; later rows are not looked at.

    Raises:
        BookError: as `state`. MachineError: the request log cannot be read; nothing was changed.
    """
    return act(book, look(book, log, now))


def look(book: Book, log: RequestLog, now: float) -> Look:
    """What is to be seen of a rollout now; nothing is written."""
    found = state(book)
    if found.candidate is None:
        return Look(found)
    return look_at(found, log, book.data.labels, now)


def look_at(found: State, log: RequestLog, labels: Labels, now: float) -> Look:
    """The same of a rollout that stood here then; `labels`: what the models answer with."""
    one = seen(log, found, labels, now)
    evidence, requests = weighed(one), count(one.rows, found.stage)
    decision, why = decided(found, evidence, requests, now)
    return Look(found, requests, evidence, decision, why)


def weighed(one: Seen) -> tuple[Evidence, ...]:
    """All gates, then what is only told."""
    worse, better = labels(one)
    business = metric(one)
    gates = [errors(one), latency(one), spread(one), worse, *business[:1], *columns(one), sample_ratio(one)]
    return (*gates, better, *business[1:], agreement(one), shares(one))


def count(rows: Rows, stage: int) -> int:
    """Requests that the candidate has answered at a stage."""
    return len(np.unique(rows.request[rows.new & (rows.stage == stage)]))


def decided(
    found: State, evidence: tuple[Evidence, ...], requests: int, now: float
) -> tuple[Decision, Localized | None]:
    """What follows from this evidence, and why."""
    rules = found.rules
    against = [item for item in evidence if not item.ok]
    if stopped := [item.name for item in against if item.stops == "abort" and item.reached]:
        return "abort", localized("rollout.why.abort", names=_named(stopped))
    if against:
        return "hold", localized("rollout.why.untrusted", names=_named([item.name for item in against]))
    if requests < rules.min_requests:
        return "hold", localized("rollout.why.requests", requests=requests, least=rules.min_requests)
    if now - found.since < 60 * rules.min_minutes:
        return "hold", localized("rollout.why.minutes", least=rules.min_minutes)
    people = rules.promotes == "person" and found.stage >= len(rules.stages) - 1
    if people:
        return "ready", localized("rollout.why.ready")
    return "go on", localized("rollout.why.go_on")


def _named(names: list[str]) -> str:
    """Names of evidence in the words of whoever reads them."""
    found, *others = (phrase("rollout.name", name) for name in names)
    for other in others:
        found = localized("rollout.why.names", first=found, other=other)
    return found


def act(book: Book, found: Look) -> State:
    """Do what follows from a look, if the rollout still stands where it stood then."""
    now = found.state
    if found.decision not in ("abort", "go on"):
        return now
    said = {"run": now.candidate, "seen": found.to_json()}
    why: Any = {"actor": MACHINE, "reason": found.why, "forced": now.forced and now.last}
    try:
        if found.decision == "abort":
            return write(book, now, "abort", said, **why)
        if now.last:
            return write(book, now, "finish", said, **why)
        return write(book, now, "stage", {**said, "stage": now.stage + 1}, **why)
    except BookError as error:
        if error.code != "log.followed":
            raise
        return state(book)


__all__ = ["MACHINE", "Decision", "Look", "act", "count", "decided", "look", "look_at", "step", "weighed"]
