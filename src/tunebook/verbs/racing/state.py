"""What an auto is, what it has bought so far and how it ended: one JSON file, written whole after each purchase."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import Field

from tunebook.core.errors import BookError
from tunebook.core.localized import Text
from tunebook.core.nouns import ParamTable, Record, read_json, write_json
from tunebook.core.params import Value

FILE = "state.json"
CHAMPION, RECOMMENDED = "champion", "recommended"
Standing = Literal["champion", "racing", "out", "finalist", "failed", "refused", "not_bought"]
Ended = Literal["", "promoted", "refused", "not_passed", "none_better"]


class AutoSpec(Record):
    """What an auto is, whatever its budget: the same specification goes on in the same folder.

    Attributes:
        plan: id of the champion's own plan: its values, the base model and the rows; `version` its number.
        tries: tables that race against the champion, at most.
        round: 0, 1, ...: another round draws other candidates.
        metric, alpha: of the book's gate when it began.
        seeds: of the race; none of them is one of the gate's.
    """

    outside: ClassVar[frozenset[str]] = frozenset({"version", "metric", "alpha"})

    plan: str
    version: int
    tries: int
    round: int
    metric: str
    seeds: list[int]
    alpha: float = 0.05


class Candidate(Record):
    """A table of the race.

    Attributes:
        name: `champion`, `recommended`, or the number of a drawn table.
        changed: rows in which it differs from the champion, with its own values.
        why: reason of `failed`, `refused` and `not_bought`.
        scores: the metric on the validation rows by seed, in the order of the race's seeds.
        seconds, runs: what each of these took, and the names of the runs' folders.
        gain: over the champion by the seeds of both, with the ends of its interval, see `racing.race.lead`.
    """

    name: str
    table: ParamTable
    changed: dict[str, Value] = Field(default_factory=dict)
    state: Standing = "racing"
    why: Text = ""
    scores: list[float] = Field(default_factory=list)
    seconds: list[float] = Field(default_factory=list)
    runs: list[str] = Field(default_factory=list)
    gain: float | None = None
    lower: float | None = None
    upper: float | None = None

    def mean(self, seeds: int | None = None) -> float:
        """Mean score over the first so many seeds; NaN before the first run."""
        scores = self.scores[:seeds]
        return sum(scores) / len(scores) if scores else float("nan")


class BaselineScore(Record):
    """A cheap model on the same rows.

    Attributes:
        seconds: to train and ask it.
        against: the best table of the race, `seeds` its runs.
        gain: baseline - that table, with the ends of its interval, see `racing.race.lead`.
    """

    name: str
    score: float
    seconds: float
    against: str = ""
    seeds: int = 0
    gain: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def better(self) -> bool:
        """It scores at least as high as the best table: it is the better choice, for it costs next to nothing."""
        return self.gain is not None and self.gain >= 0

    @property
    def surely(self) -> bool:
        """That it is better is beyond chance: of the rows, and from three seeds on of the seeds too."""
        return self.lower is not None and self.lower > 0


class BestOfN(Record):
    """What choosing the best of N by one run each would have been worth, see `racing.best_of_n`.

    Attributes:
        draws: how often the choice was made; `picked` the share of these in which it left the champion.
        no_better: share of those in which the choice was no better than the champion where it was judged.
        seen: mean gain by which it was chosen, `seen_low`, `seen_high` the 5 % and 95 % points; `kept` and its points
            the gain of the same choices on rows and runs that did not choose.
        single: candidates with one run only, which other rows judge, but no other seed.
    """

    tries: int
    draws: int
    picked: float
    no_better: float
    seen: float
    seen_low: float
    seen_high: float
    kept: float
    kept_low: float
    kept_high: float
    single: int


class AutoState(Record):
    """All that an auto knows.

    Attributes:
        rung: rungs of the race that are over.
        seconds: clock time of all calls; `needed` what the budget lacked at least to the end, when it was spent.
        stopped: the last call was interrupted, and no other has come to its end since.
        runs: trainings that were made for it, and not there before, by what they were for: `race`, `gate`,
            `promotion`.
        version: of the finalist's table; 0 before it has one. `test` is the id of its test, `verdict` what that said.
        test_scores: what the promotion found on the test rows.
        ended: how it ended, empty while it may go on; `reason` in words.
    """

    spec: AutoSpec
    candidates: list[Candidate] = Field(default_factory=list)
    baselines: list[BaselineScore] = Field(default_factory=list)
    rung: int = 0
    seconds: float = 0.0
    needed: float = 0.0
    stopped: bool = False
    runs: dict[str, int] = Field(default_factory=dict)
    version: int = 0
    test: str = ""
    verdict: str = ""
    luck: BestOfN | None = None
    test_scores: dict[str, Any] = Field(default_factory=dict)
    ended: Ended = ""
    reason: Text = ""

    def named(self, name: str) -> Candidate:
        """The candidate of this name."""
        return next(item for item in self.candidates if item.name == name)

    @property
    def bought(self) -> int:
        """Number of trainings that were made for it."""
        return sum(self.runs.values())

    @property
    def champion(self) -> Candidate:
        """The table that all others race against."""
        return self.named(CHAMPION)

    @property
    def field(self) -> list[Candidate]:
        """Those that still race, without the champion."""
        return [item for item in self.candidates if item.state in ("racing", "finalist")]

    @property
    def finalist(self) -> Candidate | None:
        """The winner of the race; None before its end."""
        return next((item for item in self.candidates if item.state == "finalist"), None)

    @property
    def best_baseline(self) -> BaselineScore | None:
        """The baseline with the highest score."""
        return max(self.baselines, key=lambda item: item.score, default=None)


@dataclass(frozen=True)
class Costs:
    """Seconds: of one run of the champion, of what is left of the first rung, of the proof at least, of the budget."""

    each: float
    rung: float
    proof: float
    left: float


@runtime_checkable
class PurchaseWatcher(Protocol):
    """A watcher that also wants to know of every purchase."""

    def begins(self, state: AutoState, costs: Costs) -> None:
        """The tables are drawn, and nothing was bought yet by this call."""

    def bought(self, state: AutoState, name: str) -> None:
        """Something was bought for the candidate or baseline of this name."""

    def stopped(self, state: AutoState) -> None:
        """The work was interrupted; this is where it stands, with the time of the run that was under way."""


class StateFile:
    """The state on disk, and the only place that changes it."""

    def __init__(self, folder: Path, state: AutoState) -> None:
        self.folder, self.state = folder, state

    def write(self, **changes: Any) -> AutoState:
        """Change fields of the state, and keep it."""
        self.state = self.state.model_copy(update=changes)
        write_json(self.state, self.folder / FILE)
        return self.state

    def count(self, what: str, runs: int) -> AutoState:
        """So many trainings were made for this part of the work in all."""
        return self.write(runs={**self.state.runs, what: runs})

    def change(self, name: str, **changes: Any) -> AutoState:
        """Change fields of one candidate, and keep the state."""
        old = self.state.candidates
        return self.write(candidates=[c.model_copy(update=changes) if c.name == name else c for c in old])


def states_of(folder: Path) -> Sequence[AutoState]:
    """The states in a book's folder of autos that can be read."""
    found: list[AutoState] = []
    for path in sorted(folder.glob(f"*/{FILE}")):
        with suppress(BookError):
            found.append(read_json(AutoState, path))
    return found


__all__ = [
    "CHAMPION",
    "FILE",
    "RECOMMENDED",
    "AutoSpec",
    "AutoState",
    "BaselineScore",
    "BestOfN",
    "Candidate",
    "Costs",
    "Ended",
    "PurchaseWatcher",
    "Standing",
    "StateFile",
    "states_of",
]  # fmt: skip
