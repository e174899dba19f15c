"""What is wrong with a file of a book that cannot be read: it is missing, damaged, or of a newer Tunebook.

What a run logged is read up to where a kill has cut it off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tunebook.core.errors import BookError

_LONGEST = 300


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
    except ValidationError as error:
        unknown = [".".join(map(str, item["loc"])) for item in error.errors() if item["type"] == "extra_forbidden"]
        if unknown:
            raise BookError("file.newer", key=str(path), value=unknown[0]) from error
        raise damaged(path, error) from error
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception | str) -> BookError:
    """The error for a file that is not what it should be."""
    told = [line for line in str(error).strip().splitlines() if "https://errors.pydantic" not in line]
    lines = told or [type(error).__name__]
    return BookError("file.damaged", key=str(path), reason=": ".join(line.strip() for line in lines[:3])[:_LONGEST])


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


__all__ = ["damaged", "read_history", "read_object", "reading"]
