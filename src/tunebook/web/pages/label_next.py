"""Which rows to label next: of a file of unlabelled rows that is sent, those that would teach a run's model most."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import get_args

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.locations import AUTO
from tunebook.report.named import named
from tunebook.verbs.read_rows import HowNext
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.fields import Field, Typed, typed_in, words_of
from tunebook.web.page import Page
from tunebook.web.pages.errors import finished
from tunebook.web.uploads import saved

router = APIRouter()
PAGE = Page(router)
FOLDER, CHOSEN = "label-next", "next.csv"  # of the book: what was sent and what was chosen of it
FIELDS = (
    Field("--rows", "next_rows", hint="100"),
    Field("--by", "next_by", "choice"),
    Field("--run", "run", "choice", rare=True),
    Field("--seed", "next_seed", hint="0", rare=True),
)


@router.get("/book/{name}/data/next")
def form(asked: Given, name: str) -> Response:
    """The form, and what was chosen before."""
    book = asked.book(name)
    runs = finished(book)
    ways = [way for way in get_args(HowNext) if way != "badge"]
    choices = {
        "by": [("", "badge"), *((way, way) for way in ways)],
        "run": [("", AUTO), *named(runs, book)],
    }
    before = sorted(
        (path.relative_to(book.path).as_posix() for path in book.path.glob(f"{FOLDER}/*/{CHOSEN}")), reverse=True
    )
    line = words(book, Path("unlabelled.csv"), Path(CHOSEN), {})
    return asked.book_page(
        "label_next.html.j2", name, "data", fields=FIELDS, choices=choices, runs=runs, before=before, words=line
    )


def words(book: Book, file: Path, into: Path, typed: Typed) -> list[object]:
    """The command that chooses, without `tunebook`."""
    return ["curve", book.path, "--next", file, "--into", into, *words_of(FIELDS, typed)]


@router.post("/book/{name}/data/next")
def choose(asked: Given, name: str) -> Response:
    """Keep the file that was sent in the book, and begin to choose of its rows.

    Raises:
        DataError: `new_page.file`.
    """
    book = asked.book(name)
    typed = typed_in(FIELDS, asked.text)
    folder = book.path / FOLDER / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    file = saved(asked, "file", folder)[0]
    job = asked.jobs(book).start(words(book, file, folder / CHOSEN, typed), asked.owner)
    return asked.go("book", name, "work", job.number)


__all__ = ["CHOSEN", "FIELDS", "FOLDER", "PAGE", "choose", "form", "router", "words"]
