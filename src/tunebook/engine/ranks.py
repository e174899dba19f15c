"""Several processes of one run, as torchrun starts them: what the first of them decides, the others hear."""

from __future__ import annotations

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

    if not distributed.is_initialized():  # as accelerate would do it later, which takes up what is there
        distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    told: list[Any] = [_tried(make) if rank() == 0 else None]
    distributed.broadcast_object_list(told, src=0, device=torch.device("cpu"))
    value, error = told[0]
    if error is not None:
        raise error
    found: T = value
    return found


def _tried(make: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return make(), None
    except Exception as error:  # told to the others, which would wait for ever otherwise
        return None, error


__all__ = ["from_first", "processes", "rank"]
