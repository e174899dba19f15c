"""Every error that Tunebook raises on purpose, and what a machine says when it gives up as one of them.

    TunebookError               exit code 2: something given to Tunebook is wrong
    ├── TableError              a parameter table or one of its rows
    ├── DataError               a data file, its columns, labels or split
    ├── ModelError              a base model, its files or its tokenizer
    ├── PlanError               things that cannot go together
    ├── BookError               the folder of a book
    ├── MachineError            a missing library, no memory, no disk, no hub
    ├── RefusedError            exit code 1: the answer is no
    └── RunError                exit code 3: a run that started and failed

Each has a code of the message catalogue (`tunebook/messages/*.toml`), which says in English and in Chinese what is
wrong and what to do; and, where they apply, the key, the value as given, and what is allowed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from tunebook.core.messages import say

_ABSENT: Any = object()
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


class TunebookError(Exception):
    """Something that the user can put right.

    Args:
        code: entry of the message catalogue; the message and the advice are taken from there.
        key: the row, column, file or option that is wrong.
        value: what was given for it (shown with `repr`, cut at 80 characters).
        allowed: what may stand there.
        fields: what the message's placeholders need.

    Attributes:
        others: what else is wrong, where several checks were made at once.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, code: str, *, key: str = "", value: Any = _ABSENT, allowed: str = "", **fields: Any) -> None:
        self.code = code
        self.others: tuple[TunebookError, ...] = ()
        self.key = key
        self.value = None if value is _ABSENT else value
        self.allowed = allowed
        shown = shortened(repr(value)) if value is not _ABSENT else ""
        if isinstance(reason := fields.get("reason"), str):
            fields["reason"] = reason.rstrip(".")  # words of a library; our message ends the sentence
        self.fields = {"key": key, "value": shown, "allowed": allowed, **fields}
        super().__init__(code)

    @property
    def message(self) -> str:
        """What is wrong, in the user's language."""
        return say(f"{self.code}.what", **self.fields).rstrip()

    @property
    def advice(self) -> str:
        """What to do next, in the user's language."""
        return say(f"{self.code}.do", **self.fields).rstrip()

    def __str__(self) -> str:
        parts = [f"[{self.code}] {self.message}"]
        if self.allowed:
            parts.append(say("error.allowed", allowed=self.allowed))
        parts.append(self.advice)
        return "\n".join(["\n  ".join(parts), *map(str, self.others)])

    def to_json(self) -> dict[str, Any]:
        """The error as a JSON object: code, key, value, allowed, message, advice; and `others` where there are any."""
        more = {"others": [other.to_json() for other in self.others]} if self.others else {}
        return {
            "code": self.code,
            "key": self.key,
            "value": self.fields["value"],
            "allowed": self.allowed,
            "message": self.message,
            "advice": self.advice,
        } | more


def near(name: str, known: Iterable[str], without: str = "") -> str:
    """`Did you mean X? ` for a message, with the known name that is likest; empty where none is like it.

    Args:
        without: characters at the ends of names that say nothing of how like they are.
    """
    from difflib import get_close_matches

    folded = {item.casefold().strip(without): item for item in known}
    found = get_close_matches(name.casefold().strip(without), folded, 1)
    return say("error.near", nearest=folded[found[0]]) if found else ""


def gathered(*checks: Callable[[], object]) -> None:
    """Make all of these checks, one after the other.

    Raises:
        TunebookError: the first that was raised, with the `others` beside it.
    """
    found: list[TunebookError] = []
    for check in checks:
        try:
            check()
        except TunebookError as error:
            found += [error, *error.others]
            error.others = ()
    raise_all(found)


def raise_all(errors: Sequence[TunebookError]) -> None:
    """Raise the first of these errors with the others beside it; do nothing where there are none."""
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]


def shortened(text: str, limit: int = 80) -> str:
    """A text of at most so many characters; one that is longer ends in `…`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class TableError(TunebookError):
    """A parameter table or one of its rows is wrong."""


class DataError(TunebookError):
    """A data file, its columns, its labels or its split is wrong."""


class ModelError(TunebookError):
    """A base model, its files or its tokenizer is wrong."""


class PlanError(TunebookError):
    """Table, data, task, model and machine do not go together."""


class BookError(TunebookError):
    """The folder of a book is missing, damaged or in use."""


class MachineError(TunebookError):
    """The machine lacks something: a library, memory, disk, a way to the hub."""


class RefusedError(TunebookError):
    """Nothing is wrong, but the answer is no: a proof is missing."""

    exit_code = 1


class RunError(TunebookError):
    """A run started and failed."""

    exit_code = 3


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


__all__ = [
    "BookError",
    "DataError",
    "MachineError",
    "ModelError",
    "PlanError",
    "RefusedError",
    "RunError",
    "TableError",
    "TunebookError",
    "gathered",
    "machine_error",
    "near",
    "raise_all",
    "shortened",
]
