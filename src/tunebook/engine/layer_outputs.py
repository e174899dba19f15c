"""What frozen layers make of texts, kept in a file of a folder that is never larger than it may be."""

from __future__ import annotations

import errno
import os
import shutil
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunebook.core.files import part_of

LARGEST = 8 << 30  # bytes of all files of a folder
_SUFFIX = ".states"


def read(path: Path, lengths: Mapping[bytes, int]) -> tuple[Tensor, float] | None:
    """The states that a file holds, shape (tokens, width), mapped into memory, and the seconds of the processor that
    they took; None where it does not hold those of these texts in this order.

    Args:
        lengths: key of a text -> its tokens.
    """
    with suppress(Exception), path.open("rb") as stream:  # whatever is wrong with it, it is made anew
        kind = str(np.load(stream, allow_pickle=False))
        keys, sizes = (np.load(stream, allow_pickle=False) for _ in range(2))
        shape = tuple(np.load(stream, allow_pickle=False).tolist())
        if not np.array_equal(keys, _keys(lengths)) or sizes.tolist() != list(lengths.values()):
            return None
        found = np.memmap(path, np.uint8, "c", stream.tell(), shape)
        stream.seek(found.nbytes, os.SEEK_CUR)
        seconds = np.load(stream, allow_pickle=False)
        if zlib.crc32(seconds.tobytes(), zlib.crc32(found.data)) != int(np.load(stream, allow_pickle=False)):
            return None
        os.utime(path)  # who is asked for least is the first to go
        return torch.from_numpy(found).view(getattr(torch, kind)), float(seconds)
    return None


def write(path: Path, lengths: Mapping[bytes, int], parts: Iterable[Tensor], begun: float) -> None:
    """Write the states of texts, in this order, as they come. Nobody else writes them at the same time.

    Args:
        begun: what `time.process_time` said before the first was made.

    Raises:
        OSError: the disk is full, or this folder takes no files.
    """
    for left in path.parent.glob(f".{path.name}.*.part"):  # by a process that was killed
        left.unlink(missing_ok=True)
    with part_of(path) as part, part.open("wb") as stream:
        tokens, check = sum(lengths.values()), 0
        for number, states in enumerate(parts):
            data = states.detach().cpu().contiguous()
            if not number:
                np.save(stream, np.array(str(data.dtype).removeprefix("torch.")))
                np.save(stream, _keys(lengths))
                np.save(stream, np.array(list(lengths.values()), dtype=np.int64))
                np.save(stream, np.array([tokens, data.shape[1] * data.element_size()]))
            written = data.view(torch.uint8).numpy().data
            stream.write(written)
            check = zlib.crc32(written, check)
        seconds = np.array(time.process_time() - begun)
        np.save(stream, seconds)
        np.save(stream, np.array(zlib.crc32(seconds.tobytes(), check)))


def place(folder: Path, key: str) -> Path:
    """The file of a key."""
    return folder / f"{key}{_SUFFIX}"


def make_room(folder: Path, size: int) -> None:
    """Let the files that have not been read for longest go, until so many bytes more are no more than `LARGEST`.

    Raises:
        OSError: they would take more than that alone, or more than half of what is free on the disk.
    """
    files = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
    left = LARGEST - size - sum(path.stat().st_size for path in files)
    while left < 0 and files:
        oldest = files.pop(0)
        left += oldest.stat().st_size
        oldest.unlink(missing_ok=True)  # who reads it still has it
    if left < 0 or size > shutil.disk_usage(folder).free // 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _keys(lengths: Mapping[bytes, int]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(lengths), dtype=np.uint8)


__all__ = ["LARGEST", "make_room", "place", "read", "write"]
