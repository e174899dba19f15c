"""Files that a browser sends, under their own names; kept for a day where they wait for what is said of them."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from starlette.datastructures import UploadFile

from tunebook.core.errors import DataError
from tunebook.core.folders import alone
from tunebook.web.asked import Asked

FOLDER = ".tunebook-sent"  # beside the books, so that moving a large file into one is no copy
_DAY = 24 * 3600.0


def keep(asked: Asked, field: str, home: Path) -> Path:
    """Keep the files of a field; what was sent more than a day ago, and became no book, goes. Raises as `saved`."""
    folder = home / FOLDER
    for path in folder.glob("*"):
        if time.time() - path.stat().st_mtime > _DAY:
            shutil.rmtree(path, ignore_errors=True)
    place = folder / secrets.token_hex(16)
    saved(asked, field, place)
    return place


def kept(home: Path, name: str) -> list[Path]:
    """The files that were kept under a name, in the order in which they were sent.

    Raises:
        DataError: `new_page.gone`, there are none.
    """
    place = home / FOLDER / name
    found = (
        sorted(place.glob("*/*"), key=lambda path: int(path.parent.name)) if re.fullmatch("[0-9a-f]{32}", name) else []
    )
    if not found:
        raise DataError("new_page.gone", key=name)
    return found


@contextmanager
def taken(home: Path, name: str) -> Iterator[list[Path]]:
    """The same, for one request at a time: what is made of them moves them away.

    Raises:
        DataError: as `kept`; `new_page.taken`, another request makes something of them.
    """
    kept(home, name)
    with alone(home / FOLDER / f"{name}.lock", DataError("new_page.taken", key=name)):
        yield kept(home, name)


def saved(asked: Asked, field: str, folder: Path) -> list[Path]:
    """The files of a field, each in a folder of its own: two may have the same name.

    Raises:
        DataError: `new_page.file`, there is none.
    """
    sent = [item for item in asked.form.getlist(field) if isinstance(item, UploadFile) and item.filename]
    if not sent:
        raise DataError("new_page.file", key=field)
    return [_written(item, folder / str(number), number) for number, item in enumerate(sent)]


def _written(sent: UploadFile, folder: Path, number: int) -> Path:
    place = folder / (base_name(str(sent.filename)) or f"rows-{number}")
    place.parent.mkdir(parents=True)
    with place.open("wb") as stream:
        shutil.copyfileobj(sent.file, stream)
    return place


def base_name(name: str) -> str:
    """A file's own name, of whatever system it comes from; empty where there is none."""
    found = PureWindowsPath(name).name
    return "" if found in (".", "..") or not found.isprintable() else found


__all__ = ["FOLDER", "base_name", "keep", "kept", "saved", "taken"]
