"""Bring a file into the world whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunebook.core.errors import MachineError
from tunebook.core.files import part_of

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def publish(path: Path, data: bytes) -> Path:
    """A new file with these bytes. It is linked into place, so that of two processes one alone succeeds.

    Raises:
        FileExistsError: there is such a file; it is left as it is.
        MachineError: `table.unwritable`: no right to write, no space left, no such folder can be made.
    """
    with writable(path), _part(path, data) as part:
        try:
            os.link(part, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _move(part, path)
    return path


def replace(path: Path, data: bytes) -> Path:
    """A file with these bytes, in place of the one that may be there.

    Raises:
        MachineError: `table.unwritable`; the old file is then untouched.
    """
    with writable(path), part_of(path, durable=True) as part:
        part.write_bytes(data)
    return path


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """What goes wrong with a disk inside, as a MachineError that names the path; FileExistsError passes."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise
        reason = error.strerror or str(error)
        raise MachineError("table.unwritable", key=str(path), reason=reason) from error


def _move(part: Path, path: Path) -> None:
    """For file systems without hard links: claim the name, then fill it."""
    with path.open("xb"):
        pass
    part.replace(path)


@contextmanager
def _part(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside `path` with all the bytes on the disk; gone afterwards, whatever happens."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


__all__ = ["publish", "replace", "writable"]
