"""Where the trials of a search are trained: here, one after the other, or elsewhere."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tunebook.core.progress import Progress
from tunebook.trials.trial import Done, Job, Kind, run_trial

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


class Local(Engine):
    """This process."""

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


__all__ = ["Engine", "Heed", "Local"]
