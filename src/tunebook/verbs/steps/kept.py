"""What was worked out once and is kept in the cache of a book: it may be deleted at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunebook.core.errors import BookError
from tunebook.core.files import content_id, write_whole
from tunebook.core.folders import read_object


def kept(book: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, as JSON, from the cache if it is there.

    Args:
        book: its folder.
        name: name of the entry; it must hold the hash of all that the answer depends on.
        make: gives something that JSON can carry.
    """
    made = recalled(book, name)
    if made is None:
        made = json.loads(json.dumps(make()))
        keep(book, name, made)
    return made


def recalled(book: Path, name: str) -> Any:
    """What was kept under this name; None where nothing is."""
    with suppress(BookError):  # not there yet, cut off by a crash, or of an older version, which told no hash
        found = read_object(_place(book, name), "made", "hash")
        if content_id(found["made"]) == found["hash"]:
            return found["made"]
    return None


def keep(book: Path, name: str, made: Any) -> None:
    """Keep something that JSON can carry."""
    with suppress(OSError):  # a book that may only be read, or a full disk, has no cache and works all the same
        write_whole(_place(book, name), json.dumps({"hash": content_id(made), "made": made}))


def _place(book: Path, name: str) -> Path:
    return book / "cache" / f"{name}.json"


def kept_model_id(folder: Path, book: Path) -> str:
    """Hash of a model's files; gigabytes of weights are read once a book, not whenever they are asked for."""
    from tunebook.models.source import model_id, model_stamp

    stamp = model_stamp(folder)
    if stamp is None:
        return model_id(folder)
    found: str = kept(book, f"model-{stamp}", lambda: model_id(folder))
    return found


__all__ = ["keep", "kept", "kept_model_id", "recalled"]
