"""How the trials of a search go on: one after the other, or side by side, where trainings can be.

The study and all trials stay in this process; only trainings are done elsewhere, where the engine of the command is one
that does.
"""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tunebook.core.messages import say
from tunebook.core.progress import Progress
from tunebook.verbs.trials.trial import Done, Job, Kind, run_trial

# (number of the trial, number of the seed, what is told, values) -> why the trial is to stop, empty to go on
Heed = Callable[[int, int, Kind, list[float]], str]


class Engine(ABC):
    """Trains trials; to be used as a context.

    Attributes:
        room: number of trials that can be trained at once.
    """

    room: int

    @abstractmethod
    def __enter__(self) -> Self:
        """Get ready."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of everything."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Begin a trial."""

    @abstractmethod
    def next(self, heed: Heed) -> tuple[int, Done]:
        """Number and outcome of the next trial that ends; `heed` hears what running trials tell meanwhile."""


class InTurn(Engine):
    """One trial after the other."""

    room = 1

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress
        self.job: Job | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.job = None

    def submit(self, job: Job) -> None:
        """Remember the trial: it is trained when it is waited for."""
        self.job = job

    def next(self, heed: Heed) -> tuple[int, Done]:
        """Train the trial that was submitted."""
        job, self.job = self.job, None
        assert job is not None
        done = run_trial(job, lambda place, kind, values: heed(job.number, place, kind, values), self.progress)
        gc.collect()  # a run that was stopped in the middle leaves its model in cycles
        return job.number, done


@dataclass(frozen=True)
class _Question:
    """What a trial tells, and waits to be answered."""

    place: int
    kind: Kind
    values: list[float]
    answer: SimpleQueue[str] = field(default_factory=SimpleQueue)


class SideBySide(Engine):
    """Several trials at once, each in a thread that waits for its trainings; only this one knows the study.

    Args:
        room: trials at once.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.said: SimpleQueue[tuple[int, _Question | Done | BaseException]] = SimpleQueue()
        self.closing = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Trials that are still under way end at the next thing that they tell."""
        self.closing.set()
        while True:
            try:
                _, said = self.said.get_nowait()
            except Empty:
                return
            if isinstance(said, _Question):
                said.answer.put(say("search.why.interrupted"))

    def submit(self, job: Job) -> None:
        """Begin a trial, with the engine of this command."""
        Thread(target=copy_context().run, args=(self._work, job), daemon=True).start()

    def next(self, heed: Heed) -> tuple[int, Done]:
        """Answer what trials tell until one of them ends. Raises as `run_trial`."""
        while True:
            number, said = self.said.get()
            if isinstance(said, _Question):
                said.answer.put(heed(number, said.place, said.kind, said.values))
            elif isinstance(said, Done):
                return number, said
            else:
                raise said

    def _work(self, job: Job) -> None:
        def tell(place: int, kind: Kind, values: list[float]) -> str:
            question = _Question(place, kind, values)
            self.said.put((job.number, question))
            if self.closing.is_set():
                return say("search.why.interrupted")
            return question.answer.get()

        try:
            self.said.put((job.number, run_trial(job, tell)))
        except BaseException as error:
            self.said.put((job.number, error))


__all__ = ["Engine", "Heed", "InTurn", "SideBySide"]
