"""Whether the files of a model or of a checkpoint can be read, without loading them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

MODEL = ("config.json", "*.safetensors")
_PARTS = ("adapter_model.safetensors", "trained.safetensors")  # of a model that lies beside its base


def unreadable(folder: Path, needed: Sequence[str] = ()) -> str:
    """Name of the first file that is missing, or of a kind that tells when it is cut off or overwritten and does so;
    empty for a folder that is whole.

    Of JSON the form is looked at, of what torch has saved every byte, and of safetensors the header, which says how
    long the file must be.

    Args:
        needed: names or patterns, of each of which there has to be a file; none means those of a model.
    """
    beside = ("base.json",) if any((folder / name).is_file() for name in _PARTS) else ()
    return next(_faults(folder, needed or (*MODEL, *beside)), "")


def _faults(folder: Path, needed: Sequence[str]) -> Iterator[str]:
    from safetensors import SafetensorError, safe_open

    yield from (pattern for pattern in needed if not any(folder.glob(pattern)))
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.suffix == ".json":
                if not isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
                    yield path.name
            elif path.suffix in (".pt", ".pth"):
                with ZipFile(path) as parts:
                    if parts.testzip() is not None:
                        yield path.name
            elif path.suffix == ".safetensors":
                with safe_open(path, "numpy") as tensors:
                    tensors.keys()
        except (OSError, ValueError, BadZipFile, SafetensorError):
            yield path.name


__all__ = ["MODEL", "unreadable"]
