"""Books at a glance."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.web.asked import Given
from tunebook.web.glance import glance
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router)


@router.get("/")
def home(asked: Given) -> Response:
    """All books; a broken one is shown as such."""
    books = [glance(name, path) for name, path in asked.shelf.books().items()]
    return asked.page("home.html.j2", books=books, places=asked.shelf.places)


__all__ = ["PAGE", "home", "router"]
