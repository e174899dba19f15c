"""An index of the vectors of a file, kept beside it and used for these vectors alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import part_of, write_whole
from tunebook.tasks.embedding.index import MADE, Index, is_there, recall_of

Array = NDArray[Any]
_BLOCK = 1 << 22  # bytes


@dataclass(frozen=True)
class About:
    """What is known of an index that is kept.

    Attributes:
        kind: of it; rows, width: of its vectors; content: their hash.
        size, changed: of the file of vectors, in bytes and nanoseconds: where they are as they were, so is its content.
        file: hash of the file of the index.
        recall: share of the ten nearest of up to 200 vectors that it finds.
    """

    kind: str
    rows: int
    width: int
    content: str
    size: int
    changed: int
    file: str
    recall: float


def keep(file: Path, kind: str, vectors: Array) -> tuple[Index, About]:
    """Build an index of the vectors of a file (P, D), and write it beside that: its name with `.faiss` or `.hnswlib`
    behind it, and what is known of it as `.index.json`."""
    made = MADE[kind].build(vectors)
    told = file.stat()
    recall = recall_of(made, vectors)
    rows, width = vectors.shape
    with part_of(_beside(file, kind)) as part:
        made.save(part)
        own = _bytes_of(part)
    about = About(kind, rows, width, content_of(vectors), told.st_size, told.st_mtime_ns, own, recall)
    write_whole(_beside(file, "index.json"), json.dumps(asdict(about)) + "\n")
    return made, about


def kept(file: Path, vectors: Callable[[], Array]) -> tuple[Index, About] | None:
    """The index beside a file; None where there is none, its library is missing, it is one of other vectors, or its
    bytes are no longer those that were written.

    Args:
        vectors: reads those of the file, where it was written since.
    """
    try:
        about = About(**json.loads(_beside(file, "index.json").read_text(encoding="utf-8")))
        told = file.stat()
    except (OSError, ValueError, TypeError):
        return None
    if about.kind not in MADE or not is_there(about.kind) or not _beside(file, about.kind).is_file():
        return None
    if (told.st_size, told.st_mtime_ns) != (about.size, about.changed):
        if content_of(vectors()) != about.content:
            return None
        about = replace(about, size=told.st_size, changed=told.st_mtime_ns)
    if _bytes_of(_beside(file, about.kind)) != about.file:  # both libraries read flipped bytes as they stand
        return None
    try:
        return MADE[about.kind].read(_beside(file, about.kind), about.width, about.rows), about
    except RuntimeError:  # one that another version of the library has written
        return None


def is_kept(file: Path) -> bool:
    """Whether there is an index beside a file, fresh or not."""
    return _beside(file, "index.json").is_file()


def content_of(vectors: Array) -> str:
    """Hash of vectors."""
    from xxhash import xxh3_128_hexdigest

    return xxh3_128_hexdigest(np.ascontiguousarray(vectors, dtype=np.float32).data.cast("B"))


def _bytes_of(path: Path) -> str:
    """Hash of a file."""
    from xxhash import xxh3_128

    digest = xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.name}.{ending}")


__all__ = ["About", "content_of", "is_kept", "keep", "kept"]
