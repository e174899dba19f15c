"""What the machine says when it gives up, in words that help."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from tunebook.core.errors import MachineError
from tunebook.tables.rules import lighter

_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "defaultcpuallocator")
_NO_DISK = ("no space left", "disk quota")


@contextmanager
def explained(params: Mapping[str, Any]) -> Iterator[None]:
    """Turn the ways in which memory and disk run out into errors with advice.

    Raises:
        MachineError: `machine.memory` with rows that need less and keep the effective batch, `machine.memory_least`,
            `machine.disk`, `machine.write`.
    """
    try:
        yield
    except MemoryError as error:
        raise no_memory(params) from error
    except torch.cuda.OutOfMemoryError as error:
        raise no_memory(params) from error
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise MachineError("machine.write", key=str(error.filename or "")) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError("machine.disk", key=str(error.filename or "")) from error
        raise
    except Exception as error:  # torch and safetensors raise RuntimeError and kinds of their own
        text = str(error).lower()
        if any(words in text for words in _NO_MEMORY):
            raise no_memory(params) from error
        if any(words in text for words in _NO_DISK):
            raise MachineError("machine.disk") from error
        raise


def no_memory(params: Mapping[str, Any]) -> MachineError:
    """The error of a run that does not fit, with the rows that need less and change least of what is learnt."""
    changes = lighter(params)
    if not changes:
        return MachineError("machine.memory_least", key="batch_size", value=params["batch_size"])
    rows = " ".join(f"--set {change.row}={str(change.value).lower()}" for change in changes)
    return MachineError("machine.memory", key="batch_size", value=params["batch_size"], rows=rows)


__all__ = ["explained", "no_memory"]
