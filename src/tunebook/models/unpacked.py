"""Folders of base models that are unpacked once into the user's cache, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from tunebook.core.errors import MachineError
from tunebook.core.files import as_umask_says, file_id, write_whole
from tunebook.core.folders import folder_of

SUMS = "SHA256SUMS"  # of the unpacked files, as the program sha256sum writes and checks them
_CHECKED = ".checked"  # sizes and times of the files when they were last found to be what the sums say


def unpack(folder: Path, name: str, room: int, fill: Callable[[Path], None]) -> None:
    """Make a folder where it is not there or no longer what it was.

    Args:
        name: of the model, for errors; room: bytes that it takes, and a little more.
        fill: writes the model's files into a folder.

    Raises:
        MachineError: `machine.cache`, no room or no right to write.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if is_whole(folder):  # another process was quicker
                return
            free = shutil.disk_usage(folder.parent).free
            if free < room:
                raise _no_room(name, folder.parent, f"{free / 2**20:.0f} MiB", room)
            shutil.rmtree(folder, ignore_errors=True)  # what is left of it is damaged
            with folder_of(folder) as part:
                fill(part)
                as_umask_says(part)
                _write_sums(part)
    except OSError as error:
        raise _no_room(name, folder.parent, error.strerror or str(error), room) from error


def is_whole(folder: Path) -> bool:
    """Whether the unpacked files are what was written; they are read anew where sizes or times have changed."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        seen = "".join(f"{name} {(stat := (folder / name).stat()).st_size} {stat.st_mtime_ns}\n" for name in sums)
        checked = folder / _CHECKED
        if checked.is_file() and checked.read_text(encoding="utf-8") == seen:
            return True
        if any(file_id(folder / name, 64) != digest for name, digest in sums.items()):
            return False
    except OSError:
        return False
    with suppress(OSError):  # a cache that others share may be read-only
        write_whole(checked, seen)
    return bool(sums)


def _write_sums(folder: Path) -> None:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{file_id(folder / name, 64)}  {name}\n" for name in names)
    (folder / SUMS).write_text(sums, encoding="utf-8")


def _no_room(name: str, place: Path, reason: str, room: int) -> MachineError:
    return MachineError("machine.cache", key=name, value=str(place), reason=reason, needed=room / 2**20)


__all__ = ["SUMS", "is_whole", "unpack"]
