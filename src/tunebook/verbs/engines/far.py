"""A training on another machine: it unpacks what was sent, trains as any process would, and sends the run back."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tunebook.core.errors import MachineError, RunError, TunebookError, machine_error
from tunebook.core.files import user_cache
from tunebook.core.nouns import Plan
from tunebook.verbs.engines.parcels import Bytes, packed, reached, unpacked
from tunebook.verbs.engines.same import LIBRARIES, differing, installed
from tunebook.verbs.engines.told import Event, Teller
from tunebook.verbs.steps.diverged import DIVERGED, keep_diverged
from tunebook.verbs.steps.runs import LOCK, find_run
from tunebook.verbs.steps.train import train

FOLDER = "sent"  # of the user's cache: what other machines have sent


@dataclass(frozen=True)
class Order:
    """What is to be trained.

    Attributes:
        plan: as JSON.
        data: place of the rows; models: name of a base model -> its place.
        sizes: place -> bytes of its parcel.
        threads: of a training.
        needs: package -> version that a machine must have.
        environment: variables that decide what a training may do, and in which language it tells of it.
    """

    plan: str
    data: str
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


def train_far(order: Order, fetch: Callable[[str], Bytes], send: Callable[[list[Event]], None]) -> Back:
    """Train an order on this machine; an error comes back as what it is.

    Args:
        fetch: gives the parcel of a place.
        send: takes what the training tells.
    """
    teller = Teller(send)
    try:
        check_alike(order.needs)
        os.environ.update(order.environment)
        root = user_cache() / FOLDER
        at = {place: unpacked(root, place, size, partial(fetch, place)) for place, size in order.sizes.items()}
        plan = Plan.model_validate_json(order.plan).model_copy(update={"data_path": at[order.data]})
        with reached({name: at[place] for name, place in order.models.items()}), tempfile.TemporaryDirectory() as runs:
            return _trained(plan, Path(runs), order.threads, teller)
    except TunebookError as error:
        return Back(error)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Back(machine_error(error) or RunError("engine.task", key=os.uname().nodename, reason=reason))
    finally:
        teller.flush()


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


def _trained(plan: Plan, folder: Path, threads: int, teller: Teller) -> Back:
    import torch

    from tunebook.engine.machine import release_memory

    torch.set_num_threads(threads)
    release_memory()
    begun, error = time.perf_counter(), None
    try:
        train(plan, folder, track=(), progress=teller)
    except RunError as caught:
        if caught.code != DIVERGED:
            raise
        keep_diverged(folder, plan, caught, time.perf_counter() - begun)
        error = caught
    run = find_run(folder, plan)
    assert run is not None
    (run.path / LOCK).unlink(missing_ok=True)
    return Back(error, *packed(run.path))


__all__ = ["FOLDER", "Back", "Order", "check_alike", "train_far", "unlike"]
