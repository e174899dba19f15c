"""What was worked out once and is kept in the cache of a book, as JSON: it may be deleted at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tunebook.core.damage import read_object
from tunebook.core.errors import BookError
from tunebook.core.files import write_whole
from tunebook.core.hashing import content_id
from tunebook.core.nouns import DataRef


def kept(data: DataRef, name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, from the cache if it is there.

    Args:
        data: the book's rows, beside which its cache is.
        name: name of the entry; it must hold the hash of all that the answer depends on.
        make: gives something that JSON can carry.
    """
    path = data.path.parent / "cache" / f"{name}.json"
    with suppress(BookError):  # not there yet, cut off by a crash, or of an older version, which told no hash
        found = read_object(path, "made", "hash")
        if content_id(found["made"]) == found["hash"]:
            return found["made"]
    made = json.loads(json.dumps(make()))
    with suppress(OSError):  # a book that may only be read, or a full disk, has no cache and works all the same
        write_whole(path, json.dumps({"hash": content_id(made), "made": made}))
    return made


__all__ = ["kept"]
