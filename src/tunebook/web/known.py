"""Servers of pages that are at work on this machine, and where they show what a command of the command line made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tunebook.core.errors import TunebookError
from tunebook.core.files import user_data, write_whole
from tunebook.core.locations import BOOK_FILE

# The page of a book on which a command's work is seen; commands that are not named here show nothing on a page.
TABS: Mapping[str, str] = {
    "init": "data", "correct": "data", "check": "overview", "table": "tables", "bases": "tables", "train": "train",
    "runs": "train", "stages": "train", "soup": "train", "eval": "scores", "calibrate": "scores", "ab": "ab",
    "auto": "ab", "promote": "log", "rollback": "log", "errors": "errors", "challenge": "errors", "explain": "explain",
    "predict": "explain", "rate": "rate", "rollout": "rollout", "monitor": "drift", "drift": "drift",
    "retrain": "data", "curve": "data/curve", "curve --next": "data/next",
}  # fmt: skip


def place_of(words: Sequence[str]) -> str:
    """The page of a book on which the work of a command line is seen; empty where there is none."""
    first = next(iter(words), "")
    return next((TABS[f"{first} {word}"] for word in words if f"{first} {word}" in TABS), TABS.get(first, ""))


def _folder() -> Path:
    return user_data() / "pages"


@contextmanager
def told(url: str, places: Sequence[Path]) -> Iterator[None]:
    """Let commands know of a server as long as it is at work.

    Args:
        url: without the token. places: that it shows.
    """
    path = _folder() / f"{os.getpid()}.json"
    with suppress(OSError):  # a home that cannot be written hides addresses, and nothing else
        write_whole(path, json.dumps({"url": url, "places": [str(place) for place in places]}))
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def address(words: Sequence[str]) -> str:
    """Where a server shows what this command line has made; empty where none does."""
    tab = place_of(words)
    if not tab or not _folder().is_dir():
        return ""
    book = next((Path(word).resolve() for word in words[1:] if (Path(word) / BOOK_FILE).is_file()), None)
    return "" if book is None else next(_addresses(book, tab), "")


def _addresses(book: Path, tab: str) -> Iterator[str]:
    from tunebook.web.shelf import Shelf

    for path in sorted(_folder().glob("*.json")):
        with suppress(OSError, ValueError, LookupError, TypeError, TunebookError):
            os.kill(int(path.stem), 0)  # raises where there is no such process
            said = json.loads(path.read_text(encoding="utf-8"))
            for name, place in Shelf.of([Path(place) for place in said["places"]]).books().items():
                if place == book:
                    yield f"{said['url'].rstrip('/')}/book/{quote(name, safe='')}/{tab}"


__all__ = ["TABS", "address", "place_of", "told"]
