"""Errors of a run: what was diagnosed, challenged and explained of it, and the commands that do so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError
from tunebook.core.locations import AUTO
from tunebook.core.nouns import Split
from tunebook.web.asked import Given
from tunebook.web.named import named
from tunebook.web.page import Page

if TYPE_CHECKING:
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

router = APIRouter()
PAGE = Page(router, "errors", 50)
SPLIT: Split = "validation"  # looking at test rows wears them out: that is for the command line
MOST = 50  # rows that one looks at in one go
# What can be begun -> the words after the book, and the report that it writes.
WORK: Mapping[str, tuple[tuple[str, ...], str]] = {
    "errors": ((), "errors.html"),
    "challenge": ((), "challenge.html"),
    "explain": (("--errors", "10"), "explain-errors.html"),
    "faithful": (("--faithful", "100"), "explain-faithful.html"),
}


@router.get("/book/{name}/errors")
def errors(asked: Given, name: str) -> Response:
    """What is known of a run's errors."""
    book = asked.book(name)
    runs = finished(book)
    run = book.run(asked.query("run") or AUTO) if runs else None
    return asked.book_page("errors.html.j2", name, "errors", runs=named(runs, book), run=run, **_known(book, run))


def finished(book: Book) -> list[Run]:
    """Runs with a model, newest first."""
    return [run for run in book.runs[::-1] if run.finished and run.has_model]


def _known(book: Book, run: Run | None) -> dict[str, Any]:
    """Reports that are there, ids of suspected labels, and what can be begun."""
    if run is None:
        return {"reports": [], "suspects": [], "suspected": 0, "lines": {}}
    from tunebook.verbs.errors import read_errors

    folder = run.results(SPLIT)
    there = [
        (key, (folder / file).relative_to(book.path)) for key, (_, file) in WORK.items() if (folder / file).is_file()
    ]
    found = read_errors(run, SPLIT)
    parts = found.suspects if found else []
    suspects = list(dict.fromkeys(row.row for part in parts for row in part.found))
    return {
        "reports": [(key, path.as_posix()) for key, path in there],
        "suspects": suspects[:MOST],
        "suspected": len(suspects),
        "lines": {key: words_of(book, run, key) for key in WORK},
    }


def words_of(book: Book, run: Run, key: str) -> list[str]:
    """The command of a piece of work."""
    verb = "explain" if key == "faithful" else key
    return [verb, str(book.path), *WORK[key][0], "--run", run.id]


@router.post("/book/{name}/errors")
def begin(asked: Given, name: str) -> Response:
    """Begin a piece of work; one that is under way is shown."""
    book, key = asked.book(name), asked.text("work")
    if key not in WORK:
        raise DataError("errors_page.work", key="work", value=key, allowed=" | ".join(WORK))
    run = book.run(asked.text("run") or AUTO)
    job = asked.jobs(book).once(words_of(book, run, key), asked.owner, f"{key} {run.id}")
    return asked.go("book", name, "work", job.number)


__all__ = ["MOST", "PAGE", "SPLIT", "WORK", "begin", "errors", "finished", "router", "words_of"]
