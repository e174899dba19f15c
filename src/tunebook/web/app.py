"""The page as an ASGI application: all pages of `web/pages/` behind the door."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from tunebook.core.errors import TunebookError, machine_error
from tunebook.web.asked import Asked
from tunebook.web.door import Door, Guard
from tunebook.web.page import pages
from tunebook.web.shelf import Shelf

STATIC = Path(__file__).parent / "static"
STYLES = Path(__file__).parents[1] / "report" / "templates"


class _Kept(StaticFiles):
    """Files that a browser asks for again only when they have changed."""

    def file_response(self, *given: object, **named: object) -> Response:
        """The file, to be asked for again each time: an answer without a body where it is the same."""
        answer: Response = super().file_response(*given, **named)  # type: ignore[arg-type]
        answer.headers["cache-control"] = "no-cache"
        return answer


def _style(name: str) -> Response:
    """A style of reports: pages look like these, and add `static/page.css` to it."""
    return FileResponse(STYLES / f"{name}.css", media_type="text/css", headers={"cache-control": "no-cache"})


def application(shelf: Shelf, door: Door) -> Guard:
    """The application that shows these books to whoever the door lets in."""
    made = FastAPI(title="Tunebook", docs_url=None, redoc_url=None, openapi_url=None)
    made.state.shelf, made.state.door = shelf, door
    for name in ("style", "explain"):
        made.add_api_route(f"/static/{name}.css", partial(_style, name), methods=["GET"])
    made.mount("/static", _Kept(directory=STATIC), name="static")
    for page in pages():
        made.include_router(page.router)

    async def wrong(request: Request, error: Exception) -> Response:
        return Asked(request, door, shelf).problem(_as_error(error, request))

    for kind in (TunebookError, HTTPException, RequestValidationError, MemoryError, OSError, Exception):
        made.add_exception_handler(kind, wrong)
    return Guard(made, door)


def _as_error(error: Exception, request: Request) -> TunebookError:
    """What a user is told of it."""
    if isinstance(error, TunebookError):
        return error
    if isinstance(error, HTTPException | RequestValidationError):
        return TunebookError("ui.page", key=f"{request.method} {request.scope['path']}")
    return machine_error(error) or TunebookError("ui.failed", kind=type(error).__name__)


__all__ = ["STATIC", "STYLES", "application"]
