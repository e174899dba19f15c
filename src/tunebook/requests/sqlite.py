"""The request log in one file of SQLite.

A write-ahead journal, synced at every commit (`synchronous = FULL`): readers never wait for the writer nor stop it, and
one sync ends a group of records. With a rollback journal a long look of the watch would hold up every answer. Where the
file system has no shared memory (some network drives), SQLite stays with the rollback journal, which is as safe.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError, DataError, MachineError, TunebookError
from tunebook.knowledge.database import WAIT, database, keep_private
from tunebook.requests import sql
from tunebook.requests.columns import (
    COLUMNS,
    SCHEMA,
    TOLD,
    answered_table,
    answered_values,
    chosen,
    told_table,
    told_values,
)
from tunebook.requests.record import Answered, Feedback

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 20_000  # rows fetched at once
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the request log is only appended to'); END"
# What the values of a record raise, and never the place where they go.
_VALUES = (
    OverflowError, ValueError, TypeError,
    sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError, sqlite3.IntegrityError,
)  # fmt: skip
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA}


class SqliteLog:
    """See `RequestLog`.

    Args:
        path: made at the first record, with rights for its user alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._writing: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def append(self, rows: Sequence[Answered], batch: str = "") -> None:
        """See `RequestLog`."""
        statement = sql.insert(sql.ANSWERED, sql.INSERT_ANSWERED, "?")
        self._write(batch, lambda db: db.executemany(statement, map(answered_values, rows)))

    def tell(self, rows: Sequence[Feedback], batch: str = "") -> int:
        """See `RequestLog`."""
        statement, unknown = sql.insert(sql.FEEDBACK, sql.INSERT_TOLD, "?"), 0

        def work(db: sqlite3.Connection) -> None:
            nonlocal unknown
            values = list(map(told_values, rows))
            unknown = sum(not db.execute(sql.known("?"), row[:2]).fetchone() for row in values)
            db.executemany(statement, values)

        self._write(batch, work)
        return unknown

    def answered(
        self, since: float = 0.0, until: float | None = None, columns: Sequence[str] | None = None, **equal: str | int
    ) -> pa.Table:
        """See `RequestLog`."""
        wanted = chosen(columns, equal)
        asked = sql.select(wanted, since, until, equal, "?")
        return answered_table(self._read(*asked), wanted)

    def feedback(self, name: str, since: float = 0.0, until: float | None = None) -> pa.Table:
        """See `RequestLog`."""
        rows = [row for some in self._read(*sql.last_told(name, since, until, "?")) for row in some]
        return told_table(rows, name)

    def names(self) -> list[str]:
        """See `RequestLog`."""
        return [row[0] for some in self._read(f"SELECT DISTINCT name FROM {sql.FEEDBACK}", []) for row in sorted(some)]

    def close(self) -> None:
        """See `RequestLog`."""
        with self._lock:
            self._leave()

    def _read(self, statement: str, values: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
        """Rows in chunks, of one moment; none where there is no log yet."""
        if not self.path.exists() or not self.path.stat().st_size:
            return
        with database(self.path, damaged="requests.damaged") as db:
            self._known_schema(db)
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (sql.FEEDBACK,)).fetchone():
                return  # what a process leaves that was killed before its first record
            cursor = db.execute(statement, values)
            while some := cursor.fetchmany(_CHUNK):
                yield some

    def _write(self, batch: str, work: Callable[[sqlite3.Connection], Any]) -> None:
        """Work in one transaction, unless that of this batch was done before."""
        with self._lock:
            try:
                db = self._connection()
                db.execute("BEGIN IMMEDIATE")
                try:
                    fresh = (
                        not batch
                        or db.execute(f"INSERT OR IGNORE INTO {sql.BATCHES} (batch) VALUES (?)", (batch,)).rowcount
                    )
                    if fresh:
                        self._work(db, work)
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            except (sqlite3.Error, OSError) as error:
                self._leave()
                raise self._told(error) from error

    def _work(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any]) -> None:
        try:
            work(db)
        except _VALUES as error:
            raise DataError("requests.refused", key=self.name, reason=_why(error)) from error

    def _connection(self) -> sqlite3.Connection:
        """The one that writes: opened anew where somebody has taken the file away or put another in its place."""
        if self._writing is not None and self._file == _identity(self.path):
            return self._writing
        self._leave()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            keep_private(self.path)  # it may hold what people have written
        except MachineError as error:
            raise MachineError("requests.unwritable", key=self.name, reason=error.fields["reason"]) from error
        db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        self._writing, self._file = db, _identity(self.path)
        self._known_schema(db)
        _journal(db)
        db.execute("BEGIN IMMEDIATE")
        for statement in _schema():
            db.execute(statement)
        db.execute("COMMIT")
        return db

    def _known_schema(self, db: sqlite3.Connection) -> None:
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA:
            raise BookError("requests.newer", key=self.name, value=found, allowed=f"<= {SCHEMA}")

    def _leave(self) -> None:
        if self._writing is not None:
            with suppress(sqlite3.Error):
                self._writing.close()
        self._writing = None

    def _told(self, error: sqlite3.Error | OSError) -> TunebookError:
        code = getattr(error, "sqlite_errorcode", -1) & 0xFF
        if code in _DAMAGED:
            return BookError("requests.damaged", key=self.name, reason=str(error))
        reason = getattr(error, "strerror", None) or str(error)
        return MachineError("requests.unwritable", key=self.name, reason=reason)


def _why(error: Exception) -> str:
    """What is wrong with a record, without its words."""
    return str(error) if isinstance(error, OverflowError | sqlite3.Error) else type(error).__name__


def _journal(db: sqlite3.Connection) -> None:
    """Turn the write-ahead journal on. SQLite does not wait for another process that is at the same."""
    end = monotonic() + WAIT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if monotonic() > end:
                raise
            sleep(0.02)
    db.execute("PRAGMA synchronous = FULL")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - once for every group of records
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _schema() -> Iterator[str]:
    """Statements that make the tables."""
    for table, columns in ((sql.ANSWERED, COLUMNS), (sql.FEEDBACK, TOLD)):
        kinds = ", ".join(f'"{name}" {kind.sqlite}' for name, kind in columns.items())
        yield f"CREATE TABLE IF NOT EXISTS {table} (seq INTEGER PRIMARY KEY AUTOINCREMENT, {kinds})"
        for action in ("UPDATE", "DELETE"):
            yield f"CREATE TRIGGER IF NOT EXISTS {table}_no_{action} BEFORE {action} ON {table} {_REFUSE}"
        there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq)"  # REPLACE deletes without that trigger
        yield f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} {there} {_REFUSE}"
    yield f"CREATE TABLE IF NOT EXISTS {sql.BATCHES} (batch TEXT PRIMARY KEY) WITHOUT ROWID"
    for index, columns_of in sql.INDICES.items():
        yield f"CREATE INDEX IF NOT EXISTS {index} ON {columns_of}"
    yield f"PRAGMA user_version = {SCHEMA}"


__all__ = ["SqliteLog"]
