"""What a key of another tool's configuration is to a parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tunebook.core.nouns import Record

Action = Literal["taken", "renamed", "converted", "not_applicable", "not_available", "refused", "unknown"]
Config = Mapping[str, Any]


class Note(Record):
    """What became of one key.

    Attributes:
        value: as the other tool's file has it; secrets are masked.
        action: `taken` under its own name, `renamed`, `converted`, `not_applicable` (no table has such a row),
            `not_available` (the technique is not in this version), `refused` (outside the declared range), `unknown`.
        row: row of the table that it means; None where it means none.
        why: one sentence in the user's language.
    """

    key: str
    value: Any
    action: Action
    row: str | None = None
    why: str


@dataclass(frozen=True)
class Outcome:
    """What a value of another tool means here.

    Attributes:
        rows: row -> value as given; empty where no row means the same.
        why: code of the message that says why.
    """

    rows: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


Convert = Callable[[Any, Config], Outcome]


@dataclass(frozen=True)
class Key:
    """One key of another tool.

    Args:
        row: row of the same meaning; empty where there is none.
        convert: from its value and the whole configuration to rows; None takes the value as it is.
        why: code of the message that says why no row means it.
    """

    row: str = ""
    convert: Convert | None = None
    why: str = ""


_TASKS = {
    "classification": ("text_classification",),
    "generation": ("instruction", "seq2seq"),
    "preference": ("preference",),
    "ranking": ("embedding", "reranking"),
    "tagging": ("tagging",),
    "answering": ("question_answering",),
}


@dataclass(frozen=True)
class Job:
    """What a configuration is for.

    Attributes:
        kind: word of `importing.job.KIND`.
        key: what says so, with its value; empty where the tool takes it for granted.
    """

    kind: str
    key: str = ""
    value: Any = None

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of books that do the same; empty where none does."""
        return _TASKS.get(self.kind, ())


@dataclass(frozen=True)
class Tool:
    """A tool whose configurations can be read.

    Args:
        name: as `--from` takes it; `title` as its makers write it.
        keys: every key that is known of it.
        method: what of the model a configuration trains; empty where it does not say.
        chooser: the key that says so, first of its names.
        job: what a configuration is for, given the program that a script calls; None where nothing says so.
    """

    name: str
    title: str
    keys: Mapping[str, Key]
    method: Callable[[Config], str]
    chooser: str
    job: Callable[[Config, str], Job | None]


def nothing(why: str, names: str) -> dict[str, Key]:
    """Keys for which a table has no row, all for the same reason: `importing.WHY`."""
    return dict.fromkeys(names.split(), Key(why=f"importing.{why}"))


__all__ = ["Action", "Config", "Convert", "Job", "Key", "Note", "Outcome", "Tool", "nothing"]
