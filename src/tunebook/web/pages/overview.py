"""The first page of a book."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.web.asked import Given
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, "overview", 0)


@router.get("/book/{name}/overview")
def overview(asked: Given, name: str) -> Response:
    """What the book is for, and where it stands."""
    book = asked.book(name)
    return asked.book_page("overview.html.j2", name, "overview", file=book.file, data=book.data)


__all__ = ["PAGE", "overview", "router"]
