"""Several processes of one run, as torchrun starts them: what the first of them decides, the others hear."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


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
    """Join the group of this run's processes, over CPUs and GPUs; alone, or if it has been done, nothing happens."""
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


__all__ = ["any_of", "from_first", "join_others", "processes", "rank"]
