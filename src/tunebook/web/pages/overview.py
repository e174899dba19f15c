"""The first page of a book."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.web.asked import Given
from tunebook.web.glance import glance
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, "overview", 0)
_LAST = 8  # entries of the log that are shown


@router.get("/book/{name}/overview")
def overview(asked: Given, name: str) -> Response:
    """What the book is for, where it stands, and what happened last."""
    book = asked.book(name)
    found = glance(name, book.path)
    if found.fault is not None:
        raise found.fault
    last = book.log.entries(last=_LAST)[::-1]
    return asked.book_page("overview.html.j2", name, "overview", file=book.file, glance=found, last=last)


__all__ = ["PAGE", "overview", "router"]
