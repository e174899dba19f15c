"""Books at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router)


@router.get("/")
def home(asked: Given) -> Response:
    """All books."""
    books = [_glance(name, path) for name, path in asked.shelf.books().items()]
    return asked.page("home.html.j2", books=books)


def _glance(name: str, path: Path) -> dict[str, Any]:
    """What stands in the line of a book; of a broken one, what is wrong."""
    book = Book(path)
    try:
        return {"name": name, "path": path, "task": book.file.task, "champion": book.champion.version, "fault": None}
    except TunebookError as error:
        return {"name": name, "path": path, "fault": error}


__all__ = ["PAGE", "home", "router"]
