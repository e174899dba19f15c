"""What a page knows of the request that it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.web.door import Door, check_word
from tunebook.web.jobs import Jobs
from tunebook.web.page import pages
from tunebook.web.render import fill, problem
from tunebook.web.shelf import Shelf

_MOST = 100_000  # fields of a form: a row browser that corrects thousands of labels at once
_LARGEST = 1 << 20  # bytes of a field that is no file


@dataclass(frozen=True)
class Asked:
    """A request, who makes it, and what there is to answer it with.

    Attributes:
        form: what was sent with it; its word has been checked.
    """

    request: Request
    door: Door
    shelf: Shelf
    form: FormData = field(default_factory=FormData)

    @property
    def owner(self) -> str:
        """Who asks: changes are logged in this name."""
        return str(self.request.state.owner)

    def query(self, name: str, default: str = "") -> str:
        """A part of the address after `?`."""
        return self.request.query_params.get(name, default)

    def text(self, name: str, default: str = "") -> str:
        """A field of the form.

        Raises:
            DataError: `ui.field`, it is a file; `ui.twice`, it was sent with two values.
        """
        if len(sent := list(dict.fromkeys(self.texts(name)))) > 1:
            raise DataError("ui.twice", key=name, value=" | ".join(sent))
        return sent[0] if sent else default

    def texts(self, name: str) -> list[str]:
        """All fields of the form with this name.

        Raises:
            DataError: `ui.field`, one is a file.
        """
        return [self._text(name, value) for value in self.form.getlist(name)]

    @staticmethod
    def _text(name: str, value: UploadFile | str) -> str:
        if isinstance(value, UploadFile):
            raise DataError("ui.field", key=name)
        return value

    def book(self, name: str) -> Book:
        """The book of this name."""
        return self.shelf.book(name)

    def jobs(self, book: Book) -> Jobs:
        """The long commands at work in a book, and those that were."""
        return Jobs(book.path)

    def page(self, template: str, *, status: int = 200, **view: Any) -> Response:
        """A template of `web/templates/` as the answer."""
        return HTMLResponse(fill(template, self.request, self.door.prefix, **view), status)

    def book_page(self, template: str, name: str, tab: str, *, status: int = 200, **view: Any) -> Response:
        """The same as a page of a book: it stands under the tabs of the book.

        Args:
            name: of the book, as in its address; tab: key of the tab that is open.
        """
        return self.page(template, status=status, **self._tabs(name, tab), **view)

    def _tabs(self, name: str, tab: str) -> dict[str, Any]:
        book = self.book(name)
        tabs = [page.tab for page in pages() if page.tab and page.shown(book)]
        return {"name": name, "book": book, "tabs": tabs, "tab": tab}

    def problem(self, error: TunebookError) -> Response:
        """An error as the answer; as a page it stands under the tabs of its book, where there is one to be read."""
        around: dict[str, Any] = {}
        parts: list[str] = self.request.scope["path"].split("/")
        if parts[1] == "book" and len(parts) > 3:
            with suppress(TunebookError, OSError):
                around = self._tabs(parts[2], parts[3])
        return problem(self.request, error, self.door.prefix, **around)

    def address(self, *parts: str) -> str:
        """The address of another page."""
        return "/".join([self.door.prefix, *(quote(part, safe="") for part in parts)])

    def go(self, *parts: str, query: str = "") -> Response:
        """Send the browser to another page, after something was changed."""
        return RedirectResponse(f"{self.address(*parts)}{query}", 303)


async def _asked(request: Request) -> AsyncIterator[Asked]:
    """The dependency of all pages: reads the form, and lets nothing change that carries no word."""
    state = request.app.state
    if request.method == "GET":
        yield Asked(request, state.door, state.shelf)
        return
    form = await _form(request)
    try:
        sent = form.get("word")
        check_word(request.headers, sent if isinstance(sent, str) else None, str(request.state.word))
        yield Asked(request, state.door, state.shelf, form)
    finally:
        await form.close()  # files that were sent are gone with the answer


async def _form(request: Request) -> FormData:
    """What was sent.

    Raises:
        DataError: `ui.large`, there is too much of it; `ui.form`, it is no form.
    """
    try:
        return await request.form(max_fields=_MOST, max_part_size=_LARGEST)
    except HTTPException as error:
        if "maximum" in error.detail.lower():
            raise DataError("ui.large", reason=error.detail, size=_LARGEST, fields=_MOST) from error
        raise DataError("ui.form", reason=error.detail) from error


Given = Annotated[Asked, Depends(_asked)]

__all__ = ["Asked", "Given"]
