"""Where the trials of a search are trained: here, one after the other, or each as a task of a Ray cluster.

The study stays where the search was begun. Every machine of the cluster needs Tunebook installed and the book at the
same path, in a folder that all of them share.
"""

from __future__ import annotations

import asyncio
import gc
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from tunebook.core.errors import MachineError, RunError, TunebookError
from tunebook.core.progress import Progress
from tunebook.verbs.trials.trial import Done, Job, Kind, run_trial

# (number of the trial, number of the seed, what is told, values) -> why the trial is to stop, empty to go on
Heed = Callable[[int, int, Kind, list[float]], str]
_WAIT = 0.2  # seconds between two looks at the letters
_PATIENCE = 60.0  # seconds after which a trial that gets no answer goes on


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


class Letters:
    """What trials tell and wait to be answered; lives in the cluster as an actor."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Kind, list[float], int]] = []
        self.answers: dict[int, asyncio.Future[str]] = {}
        self.last = 0

    async def tell(self, number: int, place: int, kind: Kind, values: list[float]) -> str:
        """Wait for the answer to what a trial tells; empty if none comes."""
        self.last += 1
        letter = self.last
        self.answers[letter] = asyncio.get_running_loop().create_future()
        self.waiting.append((number, place, kind, values, letter))
        try:
            return await asyncio.wait_for(self.answers[letter], _PATIENCE)
        except TimeoutError:
            return ""
        finally:
            del self.answers[letter]

    async def take(self) -> list[tuple[int, int, Kind, list[float], int]]:
        """All that was told since."""
        taken, self.waiting = self.waiting, []
        return taken

    async def answer(self, letter: int, why: str) -> None:
        """Let the trial that waits go on, or stop."""
        waiting = self.answers.get(letter)
        if waiting is not None and not waiting.done():
            waiting.set_result(why)


def far_trial(job: Job, letters: Any) -> Done | dict[str, str]:
    """A trial on a machine of the cluster; an error that ends the search comes as its code, key and text."""
    import ray

    def tell(place: int, kind: Kind, values: list[float]) -> str:
        why: str = ray.get(letters.tell.remote(job.number, place, kind, values))
        return why

    if not (job.folder.parent / "search.json").is_file():
        return {"code": "search.shared", "key": str(job.folder.parent), "text": ""}
    try:
        return run_trial(job, tell)
    except TunebookError as error:  # an exception with named arguments does not survive the journey
        return {"code": error.code, "key": error.key, "text": str(error)}


class Ray(Engine):
    """A Ray cluster: the one that RAY_ADDRESS names, or one on this machine.

    Args:
        workers: trials at once; None takes one a GPU, and without GPUs one a machine.

    Raises:
        MachineError: `machine.extra`, Ray is not installed. `search.cluster`, the cluster has no room for a trial.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers
        self.ray = _ray()
        self.jobs: dict[Any, int] = {}

    def __enter__(self) -> Self:
        ray = self.ray
        self.mine = not ray.is_initialized()
        if self.mine:
            ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
        try:
            total = ray.cluster_resources()
            gpus, cpus = int(total.get("GPU", 0)), int(total.get("CPU", 0))
            machines = sum(1 for node in ray.nodes() if node["Alive"])
            self.room = self.workers or gpus or machines
            needs = {"num_gpus": gpus / self.room, "num_cpus": 1} if gpus else {"num_cpus": cpus // self.room}
            if (gpus and self.room > gpus) or self.room > cpus:
                raise MachineError("search.cluster", key="--workers", value=self.room, allowed=f"1 … {gpus or cpus}")
            self.letters = ray.remote(num_cpus=0)(Letters).remote()
            self.task = ray.remote(max_retries=0, **needs)(far_trial)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reference in self.jobs:
            self.ray.cancel(reference, force=True)
        if self.mine:
            self.ray.shutdown()

    def submit(self, job: Job) -> None:
        """Send a trial into the cluster."""
        table = job.table.model_copy(deep=True)
        self.jobs[self.task.remote(replace(job, table=table), self.letters)] = job.number

    def next(self, heed: Heed) -> tuple[int, Done]:
        """Answer what trials tell until one of them ends.

        Raises:
            RunError: `search.machine`, a trial met what every other would meet too.
            MachineError: `search.shared`, a machine does not see the book.
        """
        while True:
            ended, _ = self.ray.wait(list(self.jobs), num_returns=1, timeout=_WAIT)
            for number, place, kind, values, letter in self.ray.get(self.letters.take.remote()):
                self.ray.get(self.letters.answer.remote(letter, heed(number, place, kind, values)))
            if ended:
                return self.jobs.pop(ended[0]), self._outcome(ended[0])

    def _outcome(self, reference: Any) -> Done:
        try:
            found = self.ray.get(reference)
        except self.ray.exceptions.RayError as error:  # the process died, of memory more often than not
            return Done("failed", why=" ".join(str(error).split())[:300])
        if isinstance(found, Done):
            return found
        if found["code"] == "search.shared":
            raise MachineError("search.shared", key=found["key"])
        raise RunError("search.machine", key=found["key"], reason=found["text"])


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MachineError("machine.extra", key="ray", extra="ray") from error
    return ray


__all__ = ["Engine", "Heed", "Letters", "Local", "Ray", "far_trial"]
