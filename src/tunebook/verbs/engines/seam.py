"""The one place where a training of a plan is asked for, so that no verb knows where it is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

P = TypeVar("P")
T = TypeVar("T")
Where = Callable[[Path], Path]  # folder of this machine -> where it is on the one that works
Work = Callable[[P, Where], T]


@dataclass(frozen=True)
class Needs:
    """What some work asks for: folders, and base models by the names that plans have for them."""

    folders: tuple[Path, ...]
    models: tuple[str, ...] = ()


class Engine(ABC):
    """Does trainings.

    Attributes:
        room: how many are done at once.
    """

    room: int

    @abstractmethod
    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        """Train a plan into a folder of runs, or take the run that there is. Raises as `tunebook.train`; whatever the
        watcher raises ends the training."""

    @abstractmethod
    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        """Begin trainings that are going to be asked for, in this order; those of them that were begun now.

        Their runs are noted as begun by a test, and come into the folder as they end.
        """

    @abstractmethod
    def drop(self, plans: Sequence[Plan], folder: Path, *, later: bool = False) -> None:
        """End those of them that are still under way into a folder of runs.

        Args:
            later: they may be asked for again, so that what there is of them is kept where it can be; else they are no
                longer wanted.
        """

    @abstractmethod
    def still(self) -> AbstractContextManager[None]:
        """Inside, no training that it does slows down this process, which measures times."""


class Spreads(ABC):
    """An engine that can do other work on its machines, too."""

    @abstractmethod
    def spread(self, work: Work[P, T], parts: Sequence[P], needs: Needs, progress: Progress | None) -> list[T]:
        """What some work gives for each part, in their order.

        Args:
            work: a function of a module; parts: what it takes, without anything that lives in this process alone.
            needs: the folders and models that it asks for.
            progress: hears of parts that are done.
        """


class Local(Engine):
    """This process: one training after the other, when it is asked for."""

    room = 1

    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        """Train now."""
        return train(plan, folder, track=(), progress=progress)

    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        """None: this process does one thing at a time."""
        return []

    def drop(self, plans: Sequence[Plan], folder: Path, *, later: bool = False) -> None:
        """Nothing is under way."""

    def still(self) -> AbstractContextManager[None]:
        """It is."""
        return nullcontext()


_CHOSEN: ContextVar[Engine] = ContextVar("engine", default=Local())  # noqa: B039  it has no state


def chosen() -> Engine:
    """The engine that is to do trainings here."""
    return _CHOSEN.get()


@contextmanager
def trained_on(engine: Engine) -> Iterator[None]:
    """Let all trainings inside be done by an engine."""
    before = _CHOSEN.set(engine)
    try:
        yield
    finally:
        _CHOSEN.reset(before)


@contextmanager
def ahead(plans: Sequence[Plan], folder: Path) -> Iterator[list[Plan]]:
    """Have trainings begun that are going to be asked for inside; what nobody asked for by the end is dropped.

    Gives those that were begun.
    """
    begun = chosen().begin(plans, folder)
    try:
        yield begun
    except BaseException:
        chosen().drop(begun, folder, later=True)
        raise
    chosen().drop(begun, folder)


__all__ = ["Engine", "Local", "Needs", "Spreads", "Where", "Work", "ahead", "chosen", "trained_on"]
