"""Every error that Tunebook raises on purpose.

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

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from tunebook.core.messages import say

_ABSENT: Any = object()


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
    "near",
    "raise_all",
    "shortened",
]
