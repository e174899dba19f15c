"""Records that could not go to the log yet, in a file: synced batch by batch, read back when the log is there.

A line is a batch; one that a kill cut off was never acknowledged and is passed over. The owner holds a lock on its file
as long as it lives, so that another process takes over what a dead one has left, and nothing else.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tunebook.requests.record import Answered, Feedback

_END = ".spool"
_REFUSED = "refused.jsonl"  # renamed to NAME.spool it is tried again
_BYTES = ("scores", "sketch")
_OWN = 0o600


@dataclass(frozen=True)
class Batch:
    """Records of one kind that are written in one transaction.

    Attributes:
        key: its id, by which the log knows that it has it already.
    """

    key: str
    rows: tuple[Answered, ...] = ()
    told: tuple[Feedback, ...] = ()

    def __len__(self) -> int:
        return len(self.rows) + len(self.told)

    def parts(self) -> list[Batch]:
        """Its records one by one, with keys of their own."""
        rows = [Batch(f"{self.key}-{place}", rows=(row,)) for place, row in enumerate(self.rows)]
        return [*rows, *(Batch(f"{self.key}-{place}t", told=(row,)) for place, row in enumerate(self.told))]


class Spool:
    """The file of one process, made at its first batch.

    Args:
        folder: where all processes of one log put theirs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"requests-{os.getpid()}-{os.urandom(4).hex()}{_END}"
        self._lock: FileLock | None = None
        self._stream: Any = None
        self.waiting = 0  # records that are in it and not in the log

    def put(self, batch: Batch) -> None:
        """Keep a batch until it is drained; on the disk when this returns.

        Raises:
            OSError: it could not be kept.
        """
        line = _line(batch)
        if self._stream is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(f"{self._path}.lock")
            self._lock.acquire(timeout=0)
            self._stream = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWN), "ab", 0)
            _sync_folder(self._folder)
        place = self._stream.tell()
        try:
            if self._stream.write(line) != len(line):
                raise OSError("only a part was written")
            os.fsync(self._stream.fileno())
        except OSError:
            with suppress(OSError):  # else the line without an end is passed over: each line has a break before it too
                self._stream.truncate(place)
            raise
        self.waiting += len(batch)

    def drain(self) -> Iterator[Batch]:
        """Its batches, oldest first; the file is gone when the last one was taken and the next is asked for."""
        if self._stream is None:
            return
        yield from read(self._path)
        self.close(keep=False)

    def close(self, *, keep: bool = True) -> None:
        """Let go of the file; it stays for another process unless its batches are in the log."""
        if self._stream is not None:
            self._stream.close()
            if not keep:
                self._path.unlink(missing_ok=True)
            self._release()
        self._stream, self._lock = None, None
        if not keep:
            self.waiting = 0

    def _release(self) -> None:
        assert self._lock is not None
        self._lock.release()
        if not self._path.exists():
            Path(self._lock.lock_file).unlink(missing_ok=True)


def read(path: Path) -> Iterator[Batch]:
    """The whole batches of a file."""
    with path.open("rb") as stream:
        for line in stream:
            with suppress(ValueError, KeyError, TypeError):  # cut off in the middle
                yield _batch(json.loads(line))


class Orphan:
    """The file of a process that is dead, taken over."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path, self._lock = path, lock
        self.waiting = sum(map(len, read(path)))

    def drain(self) -> Iterator[Batch]:
        """As `Spool.drain`."""
        yield from read(self._path)
        self._path.unlink(missing_ok=True)
        self.waiting = 0
        self.close()

    def close(self) -> None:
        """Leave what is left of it to others."""
        self._lock.release()
        if not self._path.exists():
            Path(self._lock.lock_file).unlink(missing_ok=True)


def orphans(folder: Path) -> list[Orphan]:
    """The files in a folder whose processes live no more."""
    found = []
    for path in sorted(folder.glob(f"*{_END}")):
        lock = FileLock(f"{path}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        if path.exists():
            found.append(Orphan(path, lock))
        else:  # its owner has finished meanwhile
            lock.release()
    return found


def set_aside(folder: Path, batch: Batch) -> Path:
    """Keep a batch that the log refuses for what it is in a file for people, shared by all processes of a log.

    Raises:
        OSError, TypeError, ValueError: it could not be kept.
    """
    line, path = _line(batch), folder / _REFUSED
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWN), "ab", 0) as stream:
        stream.write(line)
        os.fsync(stream.fileno())
    return path


def _sync_folder(folder: Path) -> None:
    """The name of a new file is not on the disk before its folder is; Windows has no such call."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _line(batch: Batch) -> bytes:
    rows = [
        {name: base64.b64encode(value).decode() if name in _BYTES else value for name, value in vars(row).items()}
        for row in batch.rows
    ]
    told = [vars(row) for row in batch.told]
    return json.dumps({"key": batch.key, "rows": rows, "told": told}).encode().join((b"\n", b"\n"))


def _batch(found: dict[str, Any]) -> Batch:
    rows = tuple(_answered(row) for row in found["rows"])
    return Batch(found["key"], rows, tuple(Feedback(**row) for row in found["told"]))


def _answered(row: dict[str, Any]) -> Answered:
    values: dict[str, Any] = {**row, **{name: base64.b64decode(row[name]) for name in _BYTES}}
    return Answered(**values)


def drained(spools: Sequence[Spool | Orphan]) -> Iterator[Batch]:
    """The batches of several files, one file after the other."""
    for spool in spools:
        yield from spool.drain()


__all__ = ["Batch", "Orphan", "Spool", "drained", "orphans", "read", "set_aside"]
