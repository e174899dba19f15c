"""What a training needs of this machine, in parcels that each other machine unpacks once, and what comes back of it.

No file system is shared: the rows of the book and the base model go as bytes, under names that hold their hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import content_id, file_id
from tunebook.core.nouns import Plan
from tunebook.models.source import REACHED, find_model, model_files
from tunebook.models.unpacked import is_whole, unpack
from tunebook.verbs.engines.seam import Needs
from tunebook.verbs.engines.sent import make_room

Bytes = dict[str, NDArray[np.uint8]]  # name of a file below a folder -> its content
_ROOM = 1 << 26  # bytes beside those of the files


@dataclass(frozen=True)
class Parcel:
    """A folder of this machine.

    Attributes:
        place: where it goes below the folder of a machine for what is sent to it: kind/hash of the content/name.
        files: name below it -> file.
    """

    place: str
    files: dict[str, Path]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())

    def content(self) -> Bytes:
        """Its bytes, read as they are sent."""
        return {name: _read(path) for name, path in self.files.items()}


@dataclass(frozen=True)
class Load:
    """All that some work needs.

    Attributes:
        folders: folder of this machine -> its place; models: name of a base model -> its place.
    """

    folders: dict[str, str]
    models: dict[str, str]
    parcels: tuple[Parcel, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """Place -> bytes."""
        return {parcel.place: parcel.size for parcel in self.parcels}


def load_of(needs: Needs) -> Load:
    """What work needs, read and hashed. Raises as `find_model`."""
    found = [_files(folder) for folder in needs.folders]
    folders = [
        Parcel(f"folders/{_hash(files)}/{folder.name}", files)
        for folder, files in zip(needs.folders, found, strict=True)
    ]
    bases = [model_files(find_model(name, allow_pickle=True)) for name in needs.models]
    models = [Parcel(f"models/{_hash(files)}/base", files) for files in bases]
    return Load(
        {str(folder): parcel.place for folder, parcel in zip(needs.folders, folders, strict=True)},
        {name: parcel.place for name, parcel in zip(needs.models, models, strict=True)},
        (*folders, *models),
    )


def travels(plan: Plan) -> bool:
    """Whether rows and base model are all that a plan needs beside itself: no file, no other run, no stage."""
    return plan.before is None and plan.continues is None and not plan.inputs


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _hash(files: Mapping[str, Path]) -> str:
    return content_id([[name, file_id(path, 64)] for name, path in files.items()], 24)


def _read(path: Path) -> NDArray[np.uint8]:
    size = path.stat().st_size
    return np.memmap(path, np.uint8, "r").view(np.ndarray) if size else np.empty(0, np.uint8)


def write(files: Mapping[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write files with these contents below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(content.data)


def unpacked(root: Path, place: str, size: int, fetch: Callable[[], Bytes]) -> Path:
    """The folder of a parcel on this machine, made by the first that asks; who asks holds it.

    Args:
        root: of what is sent to this machine.
        size: bytes of the parcel; fetch: gives its content.

    Raises:
        MachineError: `machine.cache`, no room for it.
    """
    folder, room = root / place, size + _ROOM
    if not is_whole(folder):
        make_room(root, room)
    unpack(folder, place, room, lambda part: write(fetch(), part))
    return folder


def packed(folder: Path) -> tuple[Bytes, str]:
    """All files of a folder, and their hash."""
    return {name: np.fromfile(path, np.uint8) for name, path in _files(folder).items()}, hash_of(folder)


def hash_of(folder: Path) -> str:
    """Hash of all files of a folder, with their names."""
    return _hash(_files(folder))


@contextmanager
def reached(models: Mapping[str, Path]) -> Iterator[None]:
    """Let base models be found in these folders, by the names that plans have for them."""
    before = dict(REACHED)
    REACHED.update(models)
    try:
        yield
    finally:
        REACHED.clear()
        REACHED.update(before)


__all__ = ["Bytes", "Load", "Parcel", "hash_of", "load_of", "packed", "reached", "travels", "unpacked", "write"]
