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
from tunebook.engine import ranks

T = TypeVar("T")
# What `accelerate launch` says of a configuration that shares out a model. On CPUs it then forgets it itself, and each
# process trains alone or a whole model.
_SHARDED = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")


def rank() -> int:
    """Number of this process: 0 for the first, which is the one that writes."""
    return int(os.environ.get("RANK", "0")) if processes() > 1 else 0


def processes() -> int:
    """Number of processes that torchrun started for this run; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


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
        PlanError: `ranks.sharded`: a launcher asks for a model that is shared out among processes.
    """
    if asked := next((name for name in _SHARDED if os.environ.get(name, "").lower() in ("1", "true", "yes")), None):
        raise PlanError("ranks.sharded", key=asked, value=os.environ[asked], allowed="false")
    if processes() == 1:
        return
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
