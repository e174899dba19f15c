"""The change log of a book: who did what, when, why and on what evidence; only ever appended.

The log is the truth about the champion: it is the table of the last entry that crowns one (`init`, `promote`,
`rollback`). There is no second place that could say otherwise (docs/why/0006-the-log-is-the-champion.md).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tunebook.core.errors import BookError, MachineError
from tunebook.core.localized import Localized, Text
from tunebook.core.nouns import Record
from tunebook.knowledge.chain import Check, Head, Row, check, digest, read_head, tail, write_head
from tunebook.knowledge.database import database

Action = Literal["init", "table", "test", "recommend", "search", "opening", "open", "promote", "rollback",
                 "rollout", "retrain", "rating", "calibrate", "correct", "adopt"]  # fmt: skip
CROWNING: tuple[Action, ...] = ("init", "promote", "rollback")
LOG_FILE = "log.sqlite"
_SAID = "said"  # among the evidence: the reason as data
_COLUMNS = "number, time, actor, action, reason, version, evidence, forced, previous, hash"
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the log is only appended to'); END"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, time TEXT NOT NULL, actor TEXT NOT NULL, "
    "action TEXT NOT NULL, reason TEXT NOT NULL, version INTEGER, evidence TEXT NOT NULL, forced INTEGER NOT NULL, "
    "previous TEXT NOT NULL, hash TEXT NOT NULL)",
    f"CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries {_REFUSE}",
    f"CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries {_REFUSE}",
    "CREATE TRIGGER IF NOT EXISTS no_insert_between BEFORE INSERT ON entries "
    f"WHEN NEW.number <= (SELECT max(number) FROM entries) {_REFUSE}",
)


class Change(Record):
    """What is to be logged.

    Attributes:
        table: version of the table that it is about.
        evidence: figures and facts that it rests on; JSON.
        forced: without the proof that it should have had.
    """

    action: Action
    actor: str = ""
    reason: Text = ""
    table: int | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)
    forced: bool = False


class Entry(Change):
    """What was logged.

    Attributes:
        number: 1, 2, ...: the order in which things happened, whatever the clock said.
        time: UTC; where the clock had gone back, `evidence["time_went_back"]` holds the later time of the entry before.
        previous, hash: of the entry before, and of this one (SHA-256, hexadecimal).
    """

    number: int
    time: str
    previous: str
    hash: str

    @property
    def figures(self) -> dict[str, Any]:
        """Figures of the test that it reports or rests on: verdict, gain, lower, upper ...; empty without a test."""
        inner = self.evidence.get("verdict")
        return inner if isinstance(inner, dict) else self.evidence if "gain" in self.evidence else {}


class ChangeLog:
    """The log in one SQLite file, with its head beside it (`log.head`).

    Args:
        path: made when the first entry is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def head_path(self) -> Path:
        """Where number and hash of the last entry are kept."""
        return self.path.with_suffix(".head")

    def append(
        self,
        action: Action,
        *,
        actor: str = "",
        reason: str = "",
        table: int | None = None,
        evidence: dict[str, Any] | None = None,
        forced: bool = False,
    ) -> Entry:
        """Log something that crowns no table.

        Args:
            actor: who; else the user of this process.

        Raises:
            BookError: `log.locked`, `log.damaged`. MachineError: `log.unwritable`; nothing was changed.
        """
        if action in CROWNING:
            raise ValueError(f"{action} names a champion: use crown()")
        change = Change(action=action, actor=actor, reason=reason, table=table, evidence=evidence or {}, forced=forced)
        return self._write(change, lambda db: None)

    def crown(self, change: Change, expected: int | None) -> Entry:
        """Make `change.table` the champion, if the present one is the expected one, in one transaction.

        Args:
            expected: what the caller has decided on; None for no champion.

        Raises:
            BookError: `log.moved` where it is another: somebody else was faster. Else as `append`.
        """
        if change.action not in CROWNING:
            raise ValueError(f"{change.action} names no champion: use append()")

        def unmoved(db: sqlite3.Connection) -> None:
            found = self._crowned(db)
            if (found.table if found else None) != expected:
                raise BookError(
                    "log.moved",
                    key=str(self.path),
                    found=f"v{found.table}" if found else "–",
                    expected="–" if expected is None else f"v{expected}",
                    entry=found.number if found else 0,
                    actor=found.actor if found else "–",
                    time=found.time if found else "–",
                )

        return self._write(change, unmoved)

    def follow(self, change: Change, expected: int) -> Entry:
        """Log something that crowns no table, if the last entry of its action is the expected one, in one transaction.

        Args:
            expected: number of that entry; 0 for none.

        Raises:
            BookError: `log.followed` where it is another. Else as `append`.
        """
        if change.action in CROWNING:
            raise ValueError(f"{change.action} names a champion: use crown()")

        def unmoved(db: sqlite3.Connection) -> None:
            rows = self._select(db, f"WHERE {_is_one_of((change.action,))} ORDER BY number DESC LIMIT 1")
            if (found := rows[0][0] if rows else 0) != expected:
                raise BookError("log.followed", key=str(self.path), found=found, expected=expected)

        return self._write(change, unmoved)

    def entries(self, *actions: Action, last: int | None = None) -> list[Entry]:
        """Entries, first to last.

        Args:
            actions: only of these; none for all.
            last: only so many, the newest.

        Raises:
            BookError: `log.damaged`.
        """
        where = f"WHERE {_is_one_of(actions)}" if actions else ""
        rows = self._rows(where) if last is None else self._rows(where, f"ORDER BY number DESC LIMIT {last:d}")[::-1]
        return [self._entry(row) for row in rows]

    def verify(self) -> Check:
        """Look for entries that were edited, removed, inserted or put into another order.

        Raises:
            BookError: `log.damaged`: no such database. `log.locked`.
        """
        head = read_head(self.head_path)  # first: an entry that is written meanwhile must not look like a missing one
        return check(self._rows(), head)

    @property
    def champion(self) -> int | None:
        """Version of the table in force; None before there is one.

        Raises:
            BookError: `log.edited` where the entry that names it was changed. `log.damaged`, `log.locked`.
        """
        if not self.path.exists():
            return None
        with database(self.path, damaged="log.damaged") as db:
            found = self._crowned(db)
        return found.table if found else None

    def versions(self) -> set[int]:
        """Versions of the table that were ever logged as made."""
        return {row[5] for row in self._rows("WHERE action = 'table'")}

    def _write(self, change: Change, guard: Callable[[sqlite3.Connection], None]) -> Entry:
        with database(self.path, damaged="log.damaged", write=True) as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                db.execute(statement)
            guard(db)
            row = self._next(db, change)
            db.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
            db.execute("COMMIT")
            with suppress(sqlite3.Error, OSError):  # the entry is safe; a head that lags behind does no harm
                db.execute("BEGIN IMMEDIATE")
                last = db.execute("SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1").fetchone()
                write_head(self.head_path, Head(count=last[0], hash=last[1]))
        return self._entry(row)

    def _next(self, db: sqlite3.Connection, change: Change) -> Row:
        """The row of a change, written after the end of the chain."""
        head = read_head(self.head_path)
        last = db.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY number DESC LIMIT 1").fetchone()
        if head is None and last is None:
            self._begin()
        wanted = (last[0] if last else 0, head.count if head else 0)
        hashes = dict(db.execute("SELECT number, hash FROM entries WHERE number IN (?, ?)", wanted).fetchall())
        number, previous = tail(hashes, head)
        now, evidence = _now(), change.evidence
        if last is not None and now < str(last[1]):
            evidence = {**evidence, "time_went_back": last[1]}
        if isinstance(change.reason, Localized):  # the column holds it in the language of the writer
            evidence = {**evidence, _SAID: change.reason.stored}
        content: Row = (
            number + 1, now, _clean(change.actor or user()), change.action, _clean(change.reason), change.table,
            _clean(json.dumps(evidence, ensure_ascii=False, default=str)), int(change.forced), previous,
        )  # fmt: skip
        return (*content, digest(content))

    def _begin(self) -> None:
        """A head of no entries: from now on a missing head is a lost one."""
        try:
            write_head(self.head_path, Head())
        except OSError as error:
            raise MachineError("log.unwritable", key=str(self.head_path), reason=error.strerror or error) from error

    def _rows(self, where: str = "", order: str = "ORDER BY number") -> list[Row]:
        if not self.path.exists():
            return []
        with database(self.path, damaged="log.damaged") as db:
            return self._select(db, f"{where} {order}")

    def _select(self, db: sqlite3.Connection, rest: str) -> list[Row]:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            return []  # what a process leaves that was killed before its first entry
        return db.execute(f"SELECT {_COLUMNS} FROM entries {rest}").fetchall()

    def _crowned(self, db: sqlite3.Connection) -> Entry | None:
        """The entry that names the champion."""
        rows = self._select(db, f"WHERE {_is_one_of(CROWNING)} ORDER BY number DESC LIMIT 1")
        if not rows:
            return None
        if digest(rows[0][:-1]) != rows[0][-1]:
            raise BookError("log.edited", key=str(self.path), number=rows[0][0])
        return self._entry(rows[0])

    def _entry(self, row: Row) -> Entry:
        names = ("number", "time", "actor", "action", "reason", "table", "evidence", "forced", "previous", "hash")
        try:
            found = dict(zip(names, row, strict=True))
            evidence = json.loads(found["evidence"])
            return Entry.model_validate({**found, "evidence": evidence, "reason": evidence.pop(_SAID, found["reason"])})
        except (ValueError, TypeError) as error:  # ValidationError is a ValueError
            raise BookError("log.edited", key=str(self.path), number=row[0]) from error


def user() -> str:
    """Name of this process's user; empty in a container whose user has none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


def _is_one_of(actions: Sequence[Action]) -> str:
    """The condition of SQL; actions are names of our own."""
    return f"action IN ({', '.join(map(repr, actions))})"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _clean(text: str) -> str:
    """Without half characters, which a file cannot hold (words of a shell may have them)."""
    return text.encode("utf-8", "replace").decode("utf-8")


__all__ = ["CROWNING", "LOG_FILE", "Action", "Change", "ChangeLog", "Entry", "user"]
