"""What a machine says when it gives up, as errors with advice: memory, disk, rights, files open at once."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from tunebook.core.errors import MachineError, TunebookError, shortened

_CODES = {
    errno.ENOMEM: "machine.out_of_memory",
    errno.ENOSPC: "machine.disk",
    errno.EDQUOT: "machine.disk",
    errno.EFBIG: "machine.disk",
    errno.EACCES: "machine.write",
    errno.EPERM: "machine.write",
    errno.EROFS: "machine.write",
    errno.EMFILE: "machine.files",
    errno.ENFILE: "machine.files",
    errno.EIO: "machine.device",
    errno.ESTALE: "machine.device",
    errno.ENOTCONN: "machine.device",
    errno.ENAMETOOLONG: "machine.name",
    errno.EISDIR: "machine.place",
    errno.ENOTDIR: "machine.place",
}
# What libraries write that have kinds of errors of their own: torch, oneDNN, safetensors, pyarrow, SQLite.
_WORDS = {
    "machine.out_of_memory": (
        "out of memory", "can't allocate memory", "cannot allocate memory", "unable to allocate", "failed to allocate",
        "bad_alloc", "bad allocation", "defaultcpuallocator", "malloc of size", "not enough memory",
        "could not create a primitive", "could not create a memory", "could not create a descriptor",
        "can't start new thread",
    ),
    "machine.disk": (
        "no space left", "disk quota", "disk is full", "file too large",
        "pytorchstreamwriter failed", "unexpected pos",  # torch.save, of which the second hides the first
    ),
    "machine.write": ("read-only file system", "readonly database", "permission denied", "operation not permitted"),
    "machine.files": ("too many open files",),
    "machine.device": ("input/output error", "stale file handle", "disk i/o error"),
}  # fmt: skip


def machine_error(error: BaseException, place: object = "–") -> MachineError | None:
    """The error with advice that an exception stands for; None where the machine is not to blame.

    What an exception was raised from is looked at too: libraries wrap what the system told them.

    Args:
        place: file or folder that was worked on, where the exception names none.
    """
    for cause in _causes(error):
        if isinstance(cause, TunebookError):
            return cause if isinstance(cause, MachineError) else None
        if code := _code(cause):
            named = getattr(cause, "filename2", None) or getattr(cause, "filename", None) or place
            return MachineError(code, key=str(named), reason=getattr(cause, "strerror", None) or _line(cause))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that it was raised from, nearest first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _code(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return "machine.out_of_memory"
    if isinstance(error, OSError) and error.errno is not None:
        full = "no usable temporary directory" in str(error.strerror).lower()  # tempfile could write nowhere
        return "machine.disk" if full else _CODES.get(error.errno)
    text = str(error).lower()
    return next((code for code, words in _WORDS.items() if any(word in text for word in words)), None)


def _line(error: BaseException) -> str:
    """The first line of what an exception says, cut where it is long."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return shortened(lines[0], 200)


__all__ = ["machine_error"]
