"""What the machine says when it gives up while something is trained, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tunebook.core.errors import MachineError, RunError, TunebookError, machine_error
from tunebook.core.settings import Filled
from tunebook.engine.ranks import processes, rank
from tunebook.tables.rules import lighter

_GONE = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")  # as gloo says it


@contextmanager
def explained(params: Filled, place: object = "–") -> Iterator[None]:
    """Turn the ways in which memory and disk run out into errors with advice.

    Args:
        place: the folder that is written to, where an exception names none.

    Raises:
        RunError: `ranks.gone`: another process of the training is.
        MachineError: `machine.memory` with rows that need less and keep the effective batch, `machine.memory_least`,
            and as `machine_error`.
    """
    try:
        yield
    except TunebookError:
        raise
    except Exception as error:  # torch and safetensors raise RuntimeError and kinds of their own
        found = machine_error(error, place)
        if found is None and processes() > 1 and any(words in str(error) for words in _GONE):
            reason = str(error).strip().partition("\n")[0][:200]
            raise RunError("ranks.gone", key=str(rank()), value=processes(), reason=reason) from error
        if found is None:
            raise
        raise (no_memory(params) if found.code == "machine.out_of_memory" else found) from error


def no_memory(params: Filled) -> MachineError:
    """The error of a run that does not fit, with the rows that need less and change least of what is learnt."""
    changes = lighter(params)
    if not changes:
        return MachineError("machine.memory_least", key="batch_size", value=params.batch_size)
    rows = " ".join(f"--set {change.row}={str(change.value).lower()}" for change in changes)
    return MachineError("machine.memory", key="batch_size", value=params.batch_size, rows=rows)


__all__ = ["explained", "no_memory"]
