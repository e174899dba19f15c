"""Several processes of one run, as torchrun starts them: what the first of them decides, the others hear.

And how the rows of an optimiser step are shared out among forward passes and processes.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tunebook.core.errors import PlanError
from tunebook.core.training import Training
from tunebook.engine import ranks, shards

T = TypeVar("T")
_CPU = "ACCELERATE_USE_CPU"  # said by the launcher of `accelerate launch --cpu` alone
# What torchrun tells each process -> what the kinds of MPI tell it, which that launcher may start processes with.
_MPI = {
    "WORLD_SIZE": ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"),
    "RANK": ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"),
    "LOCAL_RANK": ("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK"),
}
_PLACE = ("MASTER_ADDR", "MASTER_PORT")


def rank() -> int:
    """Number of this process: 0 for the first, which is the one that writes."""
    return _told("RANK", 0) if processes() > 1 else 0


def processes() -> int:
    """Number of processes that torchrun or accelerate started for this run; 1 without them."""
    return _told("WORLD_SIZE", 1)


def _told(name: str, alone: int) -> int:
    """What this process was told by whoever started it."""
    least = int(name == "WORLD_SIZE")
    value = next((os.environ[one] for one in _names(name) if one in os.environ), alone)
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < least:
        raise PlanError("ranks.number", key=name, value=value, allowed=f">= {least}")
    return number


def _names(name: str) -> tuple[str, ...]:
    return name, *(_MPI[name] if _CPU in os.environ and name in _MPI else ())


def _all_told(told: str, *needed: str) -> None:
    """Refuse a variable that tells of several processes where the others that come with it are missing."""
    missing = [name for name in needed if not any(os.environ.get(one) for one in _names(name))]
    if missing:
        raise PlanError("ranks.left", key=told, value=os.environ.get(told, ""), allowed=", ".join(missing))


def from_first(make: Callable[[], T]) -> T:
    """What `make` gives on the first process, on all of them; the others do not call it, and wait.

    Raises:
        whatever `make` raised, on all processes.
    """
    if processes() == 1:
        return make()
    import torch
    from torch import distributed

    join_others()
    told: list[Any] = [_tried(make) if rank() == 0 else None]
    distributed.broadcast_object_list(told, src=0, device=torch.device("cpu"))
    value, error = told[0]
    if error is not None:
        raise error
    found: T = value
    return found


def any_of(said: bool) -> bool:
    """Whether any process says so. All have to ask at the same moment, and all hear the same."""
    if processes() == 1:
        return said
    import torch
    from torch import distributed

    join_others()
    vote = torch.tensor([int(said)])
    distributed.all_reduce(vote, distributed.ReduceOp.MAX)
    return bool(vote)


def join_others() -> None:
    """Join the group of this run's processes, over CPUs and GPUs; alone, or if it has been done, nothing happens.

    Raises:
        PlanError: `ranks.shards`, `ranks.deepspeed`: a launcher asks for a model that is shared out in a way that is
            not known; `ranks.started`: it was asked for several processes, and has started one; `ranks.number`,
            `ranks.left`: its variables are no numbers, or not all there.
    """
    if shards.asked() is not None:
        shards.load_whole()
    if processes() == 1:
        if _CPU in os.environ and "MASTER_ADDR" in os.environ and "WORLD_SIZE" not in os.environ:
            raise PlanError("ranks.started", key=_CPU, value=1, allowed="> 1")
        if os.environ.get("LOCAL_RANK", "-1") != "-1":  # accelerate takes it for one of several processes
            _all_told("LOCAL_RANK", *_PLACE)
        return
    _all_told("WORLD_SIZE", "RANK", *_PLACE)
    for name in _MPI:
        os.environ.setdefault(name, str(_told(name, 0)))
    import torch
    from torch import distributed

    if not distributed.is_initialized():  # as accelerate would do it later, which takes up what is there
        distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(_leave)


def _leave() -> None:
    """Leave the group before the interpreter goes: gloo's threads abort a process that ends while they wait."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()


def _tried(make: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return make(), None
    except Exception as error:  # told to the others, which would wait for ever otherwise
        return None, error


@dataclass(frozen=True)
class Shares:
    """How the rows of a step are shared out.

    Attributes:
        batch_size: rows of a forward pass at most.
        accumulation: forward passes of a step if one process does them all.
        processes, rank: how many share a step, and which of them this one is.
    """

    batch_size: int
    accumulation: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def step_rows(self) -> int:
        """Rows of one optimiser step, all processes together."""
        return self.batch_size * self.accumulation

    @property
    def passes(self) -> int:
        """Forward passes of this process in a full step. (One row a pass that cannot be halved gives passes of two.)"""
        return max(min(-(-self.accumulation // self.processes), self.step_rows // self.processes), 1)


def shares_here(params: Training) -> Shares:
    """The share of this process in the steps of these settings."""
    return Shares(params.batch_size, params.gradient_accumulation_steps, ranks.processes(), ranks.rank())


__all__ = ["Shares", "any_of", "from_first", "join_others", "processes", "rank", "shares_here"]
