"""The first page of a book."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.messages import say
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.glance import Glance, glance
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, "overview", 0)
_LAST = 8  # entries of the log that are shown


@router.get("/book/{name}")
@router.get("/book/{name}/")
def book(asked: Given, name: str) -> Response:
    """A book by its name alone."""
    asked.book(name)
    return asked.go("book", name, "overview")


@router.get("/book/{name}/overview")
def overview(asked: Given, name: str) -> Response:
    """What the book is for, where it stands, and what happened last."""
    book = asked.book(name)
    found = glance(name, book.path)
    if found.fault is not None:
        raise found.fault
    last = book.log.entries(last=_LAST)[::-1]
    return asked.book_page(
        "overview.html.j2", name, "overview", file=book.file, glance=found, last=last, next=_next(book, found)
    )


def _next(book: Book, found: Glance) -> list[tuple[str, str]]:
    """What one would do next: where on the pages of the book, and in words; the most pressing first."""
    champion, newest = found.champion, book.tables.versions()[-1]
    told = []
    if found.alarms:
        told.append(("drift", say("ui.next.alarms")))
    if found.test and found.test.passed and found.test.b != champion:
        told.append((f"promote/v{found.test.b}", say("ab_page.promote", table=f"v{found.test.b}")))
    if not found.trained:
        told.append((f"train/new?table=v{champion}&look=1", say("ui.next.train", table=f"v{champion}")))
    elif not found.score:
        told.append(("scores", say("ui.next.score", table=f"v{champion}")))
    if found.trained or found.other:
        told.append(("errors", say("ui.next.errors")))
    if newest == champion:
        told.append(("tables/champion/change", say("ui.next.change")))
    elif not (found.test and found.test.b == newest):
        words = say("train_page.test_it", table=f"v{newest}", champion=f"v{champion}")
        told.append((f"ab/new?a=v{champion}&b=v{newest}", words))
    return told


__all__ = ["PAGE", "book", "overview", "router"]
