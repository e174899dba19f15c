"""What other machines have sent to this one: each parcel has a folder, held by whoever works with it, and goes when
nobody has for long.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock

from tunebook.core.folders import alone, is_held

KEPT = 7 * 24 * 3600  # seconds that a parcel stays after its last use
_LOCK, _HOLDER = ".lock", ".held-"


@contextmanager
def holding(root: Path, places: Iterable[str]) -> Iterator[None]:
    """Inside, these parcels stay: those that are here, and those that come.

    Args:
        root: of what is sent to this machine; places: below it, as kind/hash/name.
    """
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with FileLock(root / _LOCK):
            for folder in {(root / place).parent for place in places}:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{_HOLDER}{os.urandom(8).hex()}"  # coming and going, it changes the folder's time
                held.enter_context(alone(path, FileExistsError(str(path))))
        yield


def make_room(root: Path, size: int) -> None:
    """Let parcels go that nobody holds, the longest unused first: those unused for `KEPT`, and others until so many
    bytes are free."""
    with FileLock(root / _LOCK):
        folders = [folder for folder in root.glob("*/*") if folder.is_dir()]
        for used, folder in sorted((folder.stat().st_mtime, folder) for folder in folders):
            if time.time() - used < KEPT and shutil.disk_usage(root).free >= size:
                return
            if not any(map(is_held, folder.glob(f"{_HOLDER}*"))):
                shutil.rmtree(folder, ignore_errors=True)


__all__ = ["KEPT", "holding", "make_room"]
