"""Where an auto buys its runs: trained once, scored on the validation rows, written down at once, by a clock that knows
what was spent and when to stop.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tunebook.core.errors import TunebookError
from tunebook.core.messages import say
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress, Silent, tell
from tunebook.verbs.abtest.arms import Arm, Result, known, trained
from tunebook.verbs.abtest.scored import ArmScores, Exam, answers_of, scores_of_arm
from tunebook.verbs.racing.state import CHAMPION, Candidate, PurchaseWatcher, StateFile
from tunebook.verbs.steps.book import Book
from tunebook.verbs.trials.trial import FATAL


class OutOfTimeError(Exception):
    """The budget does not reach for what comes next; whatever was bought is kept."""


class Meter:
    """Watches the work, passes on what it is told, and ends it where the budget is spent.

    Args:
        before: seconds of earlier calls.
        limit: seconds of all calls.

    Attributes:
        price: seconds of one further run of a test or a promotion; what the rest cannot pay for goes no further.
    """

    def __init__(
        self, progress: Progress | None, before: float, limit: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.inner = progress or Silent()
        self.before, self.limit, self.clock = before, limit, clock
        self.begun = clock()
        self.price = 0.0
        self._works: list[str] = []

    @property
    def spent(self) -> float:
        """Seconds so far, those of earlier calls too."""
        return self.before + self.clock() - self.begun

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 where the budget was overdrawn."""
        return self.limit - self.spent

    def need(self, seconds: float) -> None:
        """See to it that the rest pays for so many seconds.

        Raises:
            OutOfTimeError: it does not.
        """
        if seconds > self.left:
            raise OutOfTimeError

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins.

        Raises:
            OutOfTimeError: it is a run of a test or a promotion, and too long.
        """
        if what == "train" and {"ab", "promote"} & set(self._works):
            self.need(self.price)
        self._works.append(what)
        self.inner.start(what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done.

        Raises:
            OutOfTimeError: in the middle of a training, which goes on from its checkpoint the next time.
        """
        self.inner.advance(amount, **figures)
        if self._works and self._works[-1] == "train":
            self.need(0.0)

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        tell(self.inner, text)

    def finish(self) -> None:
        """The piece of work is over."""
        if self._works:
            self._works.pop()
        self.inner.finish()

    def unwind(self) -> None:
        """All that is still open is over, after something was stopped in its middle."""
        while self._works:
            self.finish()


@dataclass(frozen=True)
class RaceContext:
    """All that buying needs.

    Attributes:
        plans: candidate -> its plan with any seed.
        exam: the validation rows.
    """

    book: Book
    state_file: StateFile
    meter: Meter
    plans: dict[str, Plan]
    exam: Exam

    def planned(self, name: str, seed: int) -> Plan:
        """The plan of a candidate with this seed."""
        return Arm(self.state_file.state.named(name).table, self.plans[name]).plan(seed)

    def found(self, plan: Plan) -> Result | None:
        """A run of this plan that was trained before, here or anywhere in the book."""
        return known(self.state_file.folder / "runs", plan) or known(self.book.path / "runs", plan)

    def buy(self, name: str, place: int) -> None:
        """Train a candidate with the race's seed number `place`, or take the run that there is, and score it.

        A table that cannot be trained is out of the race, with the reason; the champion stays, with the score of what
        it came to, as in a test.

        Raises:
            TunebookError: what would meet every further run too. OutOfTimeError: the budget is spent.
        """
        state = self.state_file.state
        plan, begun = self.planned(name, state.spec.seeds[place]), self.meter.spent
        there = self.found(plan)
        try:
            result = there or trained(self.state_file.folder / "runs", plan, self.meter)
            score = float(self.arm_scores([result]).scores(state.spec.metric)[0])
        except TunebookError as error:
            if error.code in FATAL or name == CHAMPION:
                raise
            self._fail(name, error.code, error.message)
            return
        self._clear(result)
        if name != CHAMPION and (result.failed or not np.isfinite(score)):
            self._fail(name, result.failed or "search.score", say("auto.why.failed"))
            return
        known_before, took = state.named(name), self.meter.spent - begun
        self.state_file.change(
            name,
            scores=[*known_before.scores, score],
            seconds=[*known_before.seconds, result.seconds if there else took],
            runs=[*known_before.runs, result.run.id],
        )
        self._told(name, int(there is None))

    def _fail(self, name: str, code: str, why: str) -> None:
        self.state_file.change(name, state="failed", why=f"[{code}] {why}")
        self._told(name, 1)

    def _told(self, name: str, new: int) -> None:
        self.state_file.count("race", self.state_file.state.runs.get("race", 0) + new)
        state = self.state_file.write(seconds=self.meter.spent)
        if isinstance(self.meter.inner, PurchaseWatcher):
            self.meter.inner.bought(state, name)

    def _clear(self, result: Result) -> None:
        """Keep the answers of a run of the race, and not its model: a handful of tables would fill a disk."""
        if result.run.path.parent == self.state_file.folder / "runs":
            for name in ("model", "checkpoints"):
                shutil.rmtree(result.run.path / name, ignore_errors=True)

    def arm_scores(self, results: Iterable[Result]) -> ArmScores:
        """Answers of runs to the validation rows; their models are no longer needed once they were asked."""
        found = [answers_of(result, self.exam, progress=self.meter) for result in results]
        return scores_of_arm(self.book.data, self.exam, found)

    def candidate_scores(self, candidate: Candidate) -> ArmScores | None:
        """Answers of all runs of a candidate so far; None where it has none, or a run is gone."""
        seeds = self.state_file.state.spec.seeds[: len(candidate.scores)]
        results = [self.found(self.planned(candidate.name, seed)) for seed in seeds]
        there = [result for result in results if result is not None]
        return self.arm_scores(there) if there and len(there) == len(results) else None

    def seconds(self, name: str) -> float:
        """Seconds of one run of a candidate by the clock: as its own took, else as foretold, put right by the others'.

        Runs that a test of the book has trained with the gate's seeds count as its own.
        """
        took = {other: self._took(other) for other in self.plans}
        if own := took[name]:
            return sum(own) / len(own)
        told = sum(self._foretold(other) * len(seconds) for other, seconds in took.items())
        return self._foretold(name) * (sum(map(sum, took.values())) / told if told else 1.0)

    def _took(self, name: str) -> list[float]:
        raced = self.state_file.state.named(name).seconds
        if raced:
            return raced
        seeds = range(1, self.book.file.gate.seeds + 1)
        tested = [self.found(self.planned(name, seed)) for seed in seeds]
        return [result.seconds for result in tested if result is not None]

    def _foretold(self, name: str) -> float:
        whole = self.plans[name].whole
        return max(whole.clock_seconds, whole.seconds)

    def missing(self, name: str, seeds: int) -> float:
        """Seconds of the runs that a candidate lacks of the race's first so many seeds."""
        state = self.state_file.state
        lacking = range(len(state.named(name).scores), seeds)
        new = sum(self.found(self.planned(name, state.spec.seeds[place])) is None for place in lacking)
        return self.seconds(name) * new

    def proof(self, name: str) -> float:
        """Seconds that proving a candidate takes at least: to the gate's next look, and the runs of a promotion."""
        gate, both = self.book.file.gate, (CHAMPION, name)
        seeds = range(1, gate.seeds + 1)
        done = sum(all(self.found(self.planned(side, seed)) for side in both) for seed in seeds)
        look = min([look for look in gate.looks if done < look < gate.seeds] + [gate.seeds])
        return (look - done + gate.seeds) * sum(map(self.seconds, both))


__all__ = ["Meter", "OutOfTimeError", "RaceContext"]
