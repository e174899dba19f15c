"""Which run answers users, and how far a new one has come: the fold of the `rollout` entries of the change log.

There is no second place that could say otherwise: servers, the command line and the machine's own steps all write such
entries, each only if the last one is still that on which it was decided.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from tunebook.core.errors import BookError
from tunebook.core.localized import Text
from tunebook.core.operation import Rolling
from tunebook.knowledge.log import Change, Entry
from tunebook.verbs.steps.book import Book

Event = Literal["deploy", "start", "stage", "abort", "finish", "back"]


@dataclass(frozen=True)
class State:
    """Where a book's rollout stands.

    Attributes:
        live: id of the run that answers; None before the first was put in front of users.
        before: ids of the runs that were live earlier, newest last.
        candidate: id of the run that is rolled out; None while none is.
        rules: stages, gates and limits of this rollout, as they were when it began.
        stage: number of its stage, from 1; 0 while none is on. share: of the requests, in per cent, that the candidate
            answers there; 0 in shadow.
        salt: by which units are drawn, other for each rollout.
        begun, since: when the rollout and its stage began, seconds since 1970.
        entry: number of the last entry that this rests on; 0 for none.
        event: of that entry; forced: this rollout began without the proof that it should have had.
    """

    live: str | None = None
    before: tuple[str, ...] = ()
    candidate: str | None = None
    rules: Rolling = field(default_factory=Rolling)
    stage: int = 0
    salt: str = ""
    begun: float = 0.0
    since: float = 0.0
    entry: int = 0
    event: str = ""
    forced: bool = False

    @property
    def share(self) -> float:
        """Per cent of the requests that the candidate answers now."""
        return self.rules.stages[self.stage - 1] if self.stage else 0.0

    @property
    def shadow(self) -> bool:
        """Whether both answer and users get the live one's."""
        return bool(self.stage) and self.share == 0

    @property
    def last(self) -> bool:
        """Whether no stage is left."""
        return self.stage == len(self.rules.stages)


class Why(TypedDict, total=False):
    """What an entry says beside what happened: `actor`, `reason`, and whether it was `forced`."""

    actor: str
    reason: Text
    forced: bool


def state(book: Book) -> State:
    """Where the rollout of a book stands now.

    Raises:
        BookError: `log.damaged`, `log.locked`; `log.edited`, an entry says what no version of Tunebook writes.
    """
    return fold(book.log.entries("rollout"), str(book.log.path))


def fold(entries: Iterable[Entry], place: str = "") -> State:
    """What these entries, first to last, make of a book without any.

    Args:
        place: of their log, for an error.

    Raises:
        BookError: `log.edited`.
    """
    found = State()
    for entry in entries:
        try:
            found = _after(found, entry)
        except (KeyError, ValueError, TypeError) as error:  # ValidationError is a ValueError
            raise BookError("log.edited", key=place, number=entry.number) from error
    return found


def _after(old: State, entry: Entry) -> State:
    said, time = entry.evidence, datetime.fromisoformat(entry.time).timestamp()
    new = replace(old, entry=entry.number, event=str(said["event"]), since=time)
    match said["event"]:
        case "start":
            rules, salt = Rolling.model_validate(said["rules"]), str(said["salt"])
            begun = replace(new, candidate=str(said["run"]), rules=rules, stage=1, salt=salt, begun=time)
            return replace(begun, forced=entry.forced)
        case "stage":
            number = int(said["stage"])
            if not (old.candidate and 1 <= number <= len(old.rules.stages)):
                raise ValueError(number)
            return replace(new, stage=number)
        case "abort":
            return replace(new, candidate=None, stage=0, forced=False)
        case "deploy" | "finish":
            before = (*old.before, old.live) if old.live else ()
            salt = str(said.get("salt", old.salt))
            return replace(new, live=str(said["run"]), before=before, candidate=None, stage=0, forced=False, salt=salt)
        case "back":
            past = old.before.index(str(said["run"]))
            return replace(new, live=str(said["run"]), before=old.before[:past], candidate=None, stage=0, forced=False)
        case other:
            raise ValueError(other)


def write(book: Book, seen: State, event: Event, said: dict[str, Any], **why: Unpack[Why]) -> State:
    """Log what happens to a rollout, if it still stands where the caller saw it; gives where it stands after that.

    Args:
        said: what the entry holds beside its event: `run`, `rules`, `stage`, evidence ...

    Raises:
        BookError: `log.followed`, somebody else was faster and nothing was changed; `log.locked`, `log.damaged`.
        MachineError: `log.unwritable`.
    """
    salted = {"salt": secrets.token_hex(8)} if event in ("deploy", "start") else {}
    change = Change(action="rollout", evidence={"event": event, **salted, **said}, **why)
    return fold_on(seen, book.log.follow(change, seen.entry))


def fold_on(seen: State, entry: Entry) -> State:
    """A state after one entry more."""
    return _after(seen, entry)


def deployed(book: Book, actor: str = "") -> State:
    """Where the rollout stands; a book of which no run was ever live gets its champion's newest run put live.

    Raises:
        BookError: `book.champion_run`, the champion has no finished run. Else as `state` and `write`.
    """
    found = state(book)
    if found.live is not None:
        return found
    run = book.run("champion")
    try:
        return write(book, found, "deploy", {"run": run.id}, actor=actor)
    except BookError as error:
        if error.code != "log.followed":
            raise
        return state(book)  # another server was faster with the same


__all__ = ["Event", "State", "Why", "deployed", "fold", "fold_on", "state", "write"]
