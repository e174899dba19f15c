"""What runs inside the cluster: the tasks, and the box for what they tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from tunebook.core.errors import TunebookError
from tunebook.verbs.engines.far import Back, Order, train_far, work_far
from tunebook.verbs.engines.seam import Work
from tunebook.verbs.engines.told import Event

P = TypeVar("P")
T = TypeVar("T")
Letter = tuple[str, list[Event]]  # name of the training, and what it tells


class Letters:
    """What trainings tell; an actor on the machine that asked for them."""

    def __init__(self) -> None:
        self.waiting: list[Letter] = []

    def tell(self, name: str, events: list[Event]) -> None:
        """Put down what a training tells."""
        self.waiting.append((name, events))

    def take(self) -> list[Letter]:
        """All that was told since."""
        taken, self.waiting = self.waiting, []
        return taken


def train_task(order: Order, parcels: Mapping[str, Any], plan: str, letters: Any, name: str) -> Back:
    """Train a plan as a task.

    Args:
        parcels: place -> reference; what is not needed on this machine is not fetched.
        name: of the training, for its letters.
    """
    import ray

    last: list[Any] = []

    def send(events: list[Event]) -> None:
        last[:] = [letters.tell.remote(name, events)]

    send([("attempt", os.uname().nodename)])
    back = train_far(order, plan, lambda place: ray.get(parcels[place]), send)
    with suppress(ray.exceptions.RayError):
        ray.get(last)  # nothing is told after the run has come back
    return back


def part_task(order: Order, parcels: Mapping[str, Any], work: Work[P, T], part: P) -> T | TunebookError:
    """Do some work on a part as a task."""
    import ray

    return work_far(order, partial(work, part), lambda place: ray.get(parcels[place]))


__all__ = ["Letters", "part_task", "train_task"]
