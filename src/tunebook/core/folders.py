"""Folders that come into the world whole or not at all, made by one process at a time; and what is wrong with a file.

What a run logged is read up to where a kill has cut it off.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tunebook.core.errors import BookError
from tunebook.core.files import check_place

_OURS, _HELD, _WHOLE = ".tunebook-", "held", "whole"
_LONGEST = 300


@contextmanager
def folder_of(path: Path, *, used: Exception | None = None, busy: Exception | None = None) -> Iterator[Path]:
    """A new folder to be filled inside; at the end it is `path`, which must be absent or empty until then.

    It is made beside `path`, or inside of it where it is there already (it may be the present folder, or the place
    where a disk is mounted). What is there of others is never touched; what a killed process has left is taken away by
    the next one.

    Args:
        used: raised where something is in `path`; busy: where another process is making it.

    Raises:
        FileExistsError, BlockingIOError: in place of these where they are not given.
        MachineError: no folder can be made there, as `check_place`.
    """
    from filelock import FileLock

    used, busy = used or FileExistsError(str(path)), busy or BlockingIOError(str(path))
    path = path.absolute()
    there = path.is_dir()
    place = path if there else path.parent
    stem = f"{_OURS}{hashlib.sha256(path.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    check_place(path / _OURS if there else path)
    with alone(place / f"{stem}.lock", busy):
        _clear(place, stem)
        if not is_free(path):
            raise used
        part = place / f"{stem}-{os.urandom(4).hex()}.part"
        part.mkdir()
        try:
            with FileLock(part / _HELD):
                (part / _WHOLE).mkdir()
                yield part / _WHOLE
                if not is_free(path):
                    raise used
                _move(part / _WHOLE, path, used, there=there)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def alone(path: Path, busy: Exception) -> Iterator[None]:
    """As `held`; the lock's file is there no longer than it is needed."""
    with held(path, busy):
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps a file that is open
                path.unlink()


@contextmanager
def held(path: Path, busy: Exception) -> Iterator[None]:
    """Keep other processes out by a lock on a file, whose folder must be there.

    A lock that something inside cannot get is that thing's own failure.

    Raises:
        Exception: `busy`, another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on a file; not, where there is none, or it cannot be asked."""
    from filelock import FileLock, Timeout

    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _clear(place: Path, stem: str) -> None:
    """Take away what processes that were killed have left: nobody holds it any more."""
    from filelock import FileLock, Timeout

    for part in place.glob(f"{stem}-*.part"):
        if (part / _HELD).is_file():
            with suppress(Timeout), FileLock(part / _HELD, timeout=0):
                shutil.rmtree(part, ignore_errors=True)


def is_free(path: Path) -> bool:
    """Whether a folder can be made: there is nothing, or an empty folder, or one in which another is being made."""
    if not os.path.lexists(path):
        return True
    return path.is_dir() and all(child.name.startswith(_OURS) for child in path.iterdir())


def _move(whole: Path, path: Path, used: Exception, *, there: bool) -> None:
    """Let a finished folder take its place; where there is a folder, file by file, `book.toml` and such last."""
    if not there:
        try:
            whole.replace(path)
        except OSError as error:
            if os.path.lexists(path):
                raise used from error
            raise
        return
    for child in sorted(whole.iterdir(), key=lambda child: (not child.is_dir(), child.suffix == ".toml", child.name)):
        child.replace(path / child.name)


def inside(folder: Path, name: str, *, said_by: Path) -> Path:
    """A file or folder of a folder that a file of a book names: a plain name, and no way out.

    Args:
        said_by: the file that has the name.

    Raises:
        BookError: `file.damaged`.
    """
    path = folder / name
    plain = name not in ("", ".", "..") and not any(sign in name for sign in "/\\:\0")
    if not plain or path.resolve().parent != folder.resolve():
        raise damaged(said_by, f"{name!r} is no plain name")
    return path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of a file that is read inside what is wrong with it.

    Raises:
        BookError: `file.missing`, `file.damaged`; `file.newer`: a record has fields that are not known here.
    """
    try:
        yield
    except OSError as error:
        raise BookError("file.missing", key=str(path), reason=error.strerror or str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        unknown = _unknown(error)
        raise BookError("file.newer", key=str(path), value=unknown[0]) if unknown else damaged(path, error) from error


def _unknown(error: Exception) -> list[str]:
    """The fields that a record does not know, where an error is about these."""
    from pydantic import ValidationError

    found = error.errors() if isinstance(error, ValidationError) else []
    return [".".join(map(str, item["loc"])) for item in found if item["type"] == "extra_forbidden"]


def damaged(path: Path, error: Exception | str) -> BookError:
    """The error for a file that is not what it should be."""
    return BookError("file.damaged", key=str(path), reason=on_one_line(error))


def on_one_line(error: Exception | str) -> str:
    """What is wrong with a file's content, without the address that pydantic adds."""
    told = [line for line in str(error).strip().splitlines() if "https://errors.pydantic" not in line]
    return ": ".join(line.strip() for line in (told or [type(error).__name__])[:3])[:_LONGEST]


def read_object(path: Path, *needed: str) -> dict[str, Any]:
    """A file that holds one JSON object with these names.

    Raises:
        BookError: as `reading`.
    """
    with reading(path):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError(type(found).__name__)
        for name in needed:
            found[name]
    return found


def read_history(path: Path) -> list[dict[str, float]]:
    """The entries of a metrics.jsonl up to the first line that is none: a kill may have cut off the last one.

    None before there is a file.
    """
    if not path.is_file():
        return []
    entries: list[dict[str, float]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if not (isinstance(entry, dict) and "step" in entry):
            break
        entries.append(entry)
    return entries


__all__ = [
    "alone",
    "damaged",
    "folder_of",
    "held",
    "inside",
    "is_free",
    "is_held",
    "on_one_line",
    "read_history",
    "read_object",
    "reading",
]
