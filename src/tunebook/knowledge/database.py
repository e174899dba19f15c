"""SQLite files: opened so that a kill or a full disk leaves them whole, and failures told in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tunebook.core.errors import BookError, MachineError, TunebookError

WAIT = 10.0  # seconds that a process waits for another one to finish writing
_OWN = 0o600
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA}


@contextmanager
def database(path: Path, *, damaged: str, write: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection without open transaction; one that the caller has left open is rolled back.

    The journal is SQLite's rollback journal, synced at every commit. A file that may only be read is opened for
    reading.

    Args:
        damaged: code of the message that tells what to do about a file that is no such database.
        write: make the file if there is none.

    Raises:
        BookError: `log.locked`, or `damaged`. MachineError: `log.unwritable`: no right to write, or a full disk.
    """
    try:
        address = f"{path.resolve().as_uri()}?mode={'rwc' if write else 'rw'}"
        with closing(sqlite3.connect(address, uri=True, timeout=WAIT, isolation_level=None)) as connection:
            connection.text_factory = _text
            connection.execute("PRAGMA synchronous = EXTRA")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise _told(error, path, damaged) from error


def keep_private(path: Path) -> None:
    """Let the user alone read a database, whatever the umask says; it is made empty where there is none.

    SQLite gives the files that it lays beside it the rights of the database itself.

    Raises:
        MachineError: `log.unwritable`.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN))
        for part in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
            if part.is_file() and part.stat().st_mode & 0o777 != _OWN:
                part.chmod(_OWN)
    except OSError as error:
        raise MachineError("log.unwritable", key=str(path), reason=error.strerror or str(error)) from error


def _text(data: bytes) -> str:
    """Also of a text that somebody has spoilt: its hash tells, no error hides the rest."""
    return data.decode("utf-8", "replace")


def _told(error: sqlite3.Error, path: Path, damaged: str) -> TunebookError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the upper bits tell the kind of a failure
    if code in _BUSY:
        return BookError("log.locked", key=str(path), seconds=round(WAIT))
    if code in _DAMAGED:
        return BookError(damaged, key=str(path), reason=str(error))
    return MachineError("log.unwritable", key=str(path), reason=str(error))


__all__ = ["WAIT", "database", "keep_private"]
