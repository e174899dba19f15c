"""A training on another machine: it unpacks what was sent, trains as any process would, and sends the run back."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from tunebook.core.errors import MachineError, RunError, TunebookError, machine_error
from tunebook.core.files import user_cache
from tunebook.core.nouns import Plan
from tunebook.verbs.engines.parcels import Bytes, packed, reached, unpacked
from tunebook.verbs.engines.same import LIBRARIES, differing, installed
from tunebook.verbs.engines.seam import Where
from tunebook.verbs.engines.sent import holding
from tunebook.verbs.engines.told import Event, Teller
from tunebook.verbs.steps.diverged import DIVERGED, keep_diverged
from tunebook.verbs.steps.runs import LOCK, find_run
from tunebook.verbs.steps.train import train

T = TypeVar("T")
FOLDER = "sent"  # of the user's cache: what other machines have sent


@dataclass(frozen=True)
class Order:
    """What some work needs on another machine.

    Attributes:
        folders: folder of the machine that asks -> its place; models: name of a base model -> its place.
        sizes: place -> bytes of its parcel.
        threads: of the work.
        needs: package -> version that a machine must have.
        environment: variables that decide what the work may do, and in which language it tells of it.
    """

    folders: Mapping[str, str]
    models: Mapping[str, str]
    sizes: Mapping[str, int]
    threads: int
    needs: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Back:
    """What comes back.

    Attributes:
        error: why the training ended, where it did not finish.
        files: of the run's folder; empty where the run is of no use.
        hash: of the files.
    """

    error: TunebookError | None = None
    files: Bytes = field(default_factory=dict)
    hash: str = ""


Fetch = Callable[[str], Bytes]  # place -> its parcel


def train_far(order: Order, plan: str, fetch: Fetch, send: Callable[[list[Event]], None]) -> Back:
    """Train a plan (JSON) on this machine; an error comes back as what it is.

    Args:
        send: takes what the training tells.
    """
    teller = Teller(send)

    def work(where: Where) -> Back:
        made = Plan.model_validate_json(plan)
        made = made.model_copy(update={"data_path": where(made.data_path)})
        with tempfile.TemporaryDirectory() as runs:
            return _trained(made, Path(runs), teller)

    back = work_far(order, work, fetch)
    teller.flush()
    return Back(back) if isinstance(back, TunebookError) else back


def work_far(order: Order, work: Callable[[Where], T], fetch: Fetch) -> T | TunebookError:
    """What some work gives on this machine, or the error that it ended with."""
    try:
        check_alike(order.needs)
        os.environ.update(order.environment)
        root = user_cache() / FOLDER
        with holding(root, order.sizes):
            at = {place: unpacked(root, place, size, partial(fetch, place)) for place, size in order.sizes.items()}
            import torch

            torch.set_num_threads(order.threads)
            with reached({name: at[place] for name, place in order.models.items()}):
                return work(lambda folder: at[order.folders[str(folder)]])
    except TunebookError as error:
        return error
    except Exception as error:
        return failed(error, os.uname().nodename)


def failed(error: Exception, machine: str, place: object = "–") -> TunebookError:
    """What a task ends with that met an error which nobody foresaw.

    Args:
        place: as of `machine_error`.
    """
    reason = f"{type(error).__name__}: {error}"
    return machine_error(error, place) or RunError("engine.task", key=machine, reason=reason)


def check_alike(needs: Mapping[str, str]) -> None:
    """Refuse to train with other versions than the machine that asks for it has.

    Raises:
        MachineError: `engine.versions`.
    """
    apart = differing(needs, installed(LIBRARIES))
    if apart:
        raise unlike(os.uname().nodename, apart)


def unlike(machine: str, apart: Mapping[str, tuple[str, str]]) -> MachineError:
    """The error of a machine with other versions."""
    told = {place: ", ".join(f"{name} {both[place]}" for name, both in apart.items()) for place in (0, 1)}
    return MachineError("engine.versions", key=machine, value=told[1], there=told[1], allowed=told[0])


def train_or_keep(plan: Plan, folder: Path, teller: Teller) -> RunError | None:
    """Train a plan into a folder; a run that diverges is kept as one, and its error given. Raises as `train`."""
    from tunebook.engine.machine import release_memory

    release_memory()
    begun = time.perf_counter()
    try:
        train(plan, folder, track=(), progress=teller)
    except RunError as caught:
        if caught.code != DIVERGED:
            raise
        keep_diverged(folder, plan, caught, time.perf_counter() - begun)
        return caught
    return None


def _trained(plan: Plan, folder: Path, teller: Teller) -> Back:
    error = train_or_keep(plan, folder, teller)
    run = find_run(folder, plan)
    assert run is not None
    (run.path / LOCK).unlink(missing_ok=True)
    return Back(error, *packed(run.path))


__all__ = [
    "FOLDER",
    "Back",
    "Fetch",
    "Order",
    "check_alike",
    "failed",
    "train_far",
    "train_or_keep",
    "unlike",
    "work_far",
]
