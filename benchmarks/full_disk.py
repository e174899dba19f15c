"""FULL_DISK: every command that writes, on a disk with little or no room left; then again with room.

The disk is a file system in memory of a fixed size (tmpfs, which needs root), filled up to a few KiB. A command must
end with its answer or with a message, leave a book that is whole, and work when there is room again.

    python -m benchmarks FULL_DISK [--room 0,16,64,256,1024]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.record import write_result
from benchmarks.small_book import COMMANDS, SmallBook, Tally, make, run, strange, summary, whole

SIZE = 48  # MiB of the disk
_FILL = "fill"


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A small file system of its own.

    Raises:
        SystemExit: it may not be mounted here.
    """
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        raise SystemExit("FULL_DISK mounts a file system in memory: run it as root on Linux")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill(folder: Path, room: int) -> None:
    """Leave so many KiB."""
    state = os.statvfs(folder)
    size = max(0, state.f_bavail * state.f_frsize - room * 1024)
    with (folder / _FILL).open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, max(size, 1))


def meet(book: SmallBook, name: str, room: int, place: Path, tally: Tally) -> None:
    """One command on a full disk, and again when there is room."""
    with disk(place / "disk") as at:
        copy, words = book.copy(at), book.words(name, at)
        fill(at, room)
        code, text = run(words, at / "home")
        tally.runs += 1
        tally.told += code in (2, 3)
        if strange(code, text):
            tally.fault("unexpected", f"{name}, {room} KiB", text)
        (at / _FILL).unlink()
        if fault := whole(copy):
            tally.fault("damaged", f"{name}, {room} KiB", fault)
        if code not in (0, 1):
            code, text = run(words, at / "home")
            if code not in (0, 1):
                tally.fault("stuck", f"{name}, {room} KiB", text)


def main(case: str, arguments: list[str]) -> Path:
    """Fill disks and write the result."""
    read = argparse.ArgumentParser()
    read.add_argument("--room", default="0,16,64,256,1024", help="KiB that are left, one disk each")
    rooms = [int(item) for item in read.parse_args(arguments).room.split(",")]
    tallies = {name: Tally() for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        book = make(Path(folder))
        for name, tally in tallies.items():
            for room in rooms:
                meet(book, name, room, Path(folder), tally)
            print(name, asdict(tally), flush=True)
    commands = {name: asdict(tally) for name, tally in tallies.items()}
    return write_result(case, {**summary(tallies), "room_kib": rooms, "disk_mib": SIZE, "commands": commands})


__all__ = ["disk", "fill", "main", "meet"]
