"""Reports of a book as they were written: pages of their own, in a frame that reaches nothing."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse, Response

from tunebook.core.errors import BookError
from tunebook.rating.study import FOLDER
from tunebook.report.rating import PAGE as REPORT
from tunebook.verbs.rate import RESULT
from tunebook.web.asked import Given
from tunebook.web.door import FRAMED
from tunebook.web.page import Page
from tunebook.web.reports import writer_of

router = APIRouter()
PAGE = Page(router)
KINDS = {".html": "text/html; charset=utf-8", ".png": "image/png", ".json": "application/json", ".csv": "text/csv"}


@router.get("/book/{name}/file/{path:path}")
def file(asked: Given, name: str, path: str) -> Response:
    """A report of the book, a picture, or a table of figures; nothing that lies outside of it."""
    found = inside(asked.book(name).path, path)
    return FileResponse(found, media_type=KINDS[found.suffix], headers={"content-security-policy": FRAMED})


@router.post("/book/{name}/anew")
def anew(asked: Given, name: str) -> Response:
    """Write a report again, in the language of who asks, of what its command has kept.

    Raises:
        BookError: `ui.file`, there is no such report, or only its command writes it; `ui.report_gone`.
    """
    book, path = asked.book(name), asked.text("path")
    inside(book.path, path)
    write = writer_of(book, path)
    if write is None:
        raise BookError("ui.file", key=path, allowed=" | ".join(KINDS))
    write()
    own = f"{asked.address('book', name)}/"
    back = asked.text("back")
    return RedirectResponse(back if back.startswith(own) else f"{own}overview", 303)


def inside(book: Path, path: str) -> Path:
    """A file of the book that may be shown.

    Raises:
        BookError: `ui.file`, there is none, it lies elsewhere, or it is of another kind.
    """
    if not path.isprintable():
        raise BookError("ui.file", key=path, allowed=" | ".join(KINDS))
    found = (book / path).resolve()
    hidden = any(part.startswith(".") for part in Path(path).parts) or _unblinds(book.resolve(), found)
    if hidden or found.suffix not in KINDS or not found.is_relative_to(book.resolve()) or not found.is_file():
        raise BookError("ui.file", key=path, allowed=" | ".join(KINDS))
    return found


def _unblinds(book: Path, found: Path) -> bool:
    """Whether a file says which run gave which answer of a rating study: raters use these pages too."""
    return found.is_relative_to(book / FOLDER) and found.name not in (REPORT, RESULT)


__all__ = ["KINDS", "PAGE", "anew", "file", "inside", "router"]
