"""The server as an ASGI application: what can be asked of it, and how its answers and errors look."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.requests.columns import LABEL
from tunebook.requests.record import Feedback
from tunebook.serve.bodies import Embed, Predict, Rerank, Told, ToldMany, read, read_told
from tunebook.serve.desk import Desk, GoneError, tell_place
from tunebook.serve.intake import Door, Keys, body_of, gone
from tunebook.serve.openapi import described, page
from tunebook.serve.problems import GONE, as_error, as_json, language_of, status_of, told
from tunebook.serve.records import Asked
from tunebook.serve.traffic import Traffic

Kind = TypeVar("Kind", bound=BaseModel)
_SLOW = 10.0  # seconds in which a body has to be here
_PATHS = ("predict", "embed", "rerank", "feedback")


@dataclass(frozen=True)
class Front:
    """How the server shows itself.

    Attributes:
        prefix: path in front of all others, such as `/nlp`; empty for none.
        keys: that are wanted of clients; None for none.
    """

    prefix: str = ""
    keys: Keys | None = None


def application(traffic: Traffic, front: Front | None = None) -> FastAPI:
    """The application that asks these versions; it loads them when it starts and closes them when it ends."""
    front = front or Front()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await traffic.start()
        try:
            yield
        finally:
            await traffic.stop()

    made = FastAPI(title="Tunebook", docs_url=None, redoc_url=None, lifespan=lifespan, openapi_url="/openapi.json")
    made.state.traffic = traffic
    desk = traffic.desk
    _answering(made, desk)
    _told(made, desk)
    _watching(made, traffic)
    _mending(made, desk)
    made.add_middleware(Door, prefix=front.prefix, keys=front.keys, leaving=lambda: traffic.draining)
    return made


def _answering(app: FastAPI, desk: Desk) -> None:
    """/predict, /embed, /rerank."""

    def route(path: str, kind: type[Kind], texts: Callable[[Kind], tuple[list[str], list[str] | None]]) -> None:
        async def answer(request: Request) -> Response:
            given = read(kind, await body_of(request, desk.serving.most_bytes, _SLOW))
            first, second = texts(given)
            _check_size(desk, first, second)
            asked = _asked(request, path, given, first, second)
            try:
                reply = await desk.answer(asked, lambda: gone(request))
            except GoneError:
                return _nobody(desk, request, path)
            headers = {"x-tunebook-version": reply.version, "x-tunebook-bundle": reply.bundle}
            task = None if reply.after is None else BackgroundTask(reply.after)
            _count(desk, request, path, 200, reply.version)
            return Response(as_json(reply.body), media_type="application/json", headers=headers, background=task)

        app.post(f"/{path}", summary=(kind.__doc__ or "").strip(), **described(kind))(answer)

    route("predict", Predict, lambda given: (given.all, given.second))
    route("embed", Embed, lambda given: (given.all, None))
    route("rerank", Rerank, lambda given: ([given.query] * len(given.passages), list(given.passages)))


def _told(app: FastAPI, desk: Desk) -> None:
    """/feedback."""

    @app.post("/feedback", summary="What came back of an answer: its true label, or a business event.",
              **described(Told, ToldMany))  # fmt: skip
    async def feedback(request: Request) -> Response:
        body = await body_of(request, desk.serving.most_bytes, _SLOW)
        given = read_told(body)
        rows = [
            Feedback(one.request, one.number, request.state.at, one.name, _value(one.name, one.value), one.source)
            for one in given
        ]
        unknown = await desk.tell(rows)
        said = {"request_id": request.state.id, "kept": len(rows), "unknown": unknown if unknown >= 0 else None}
        _count(desk, request, "feedback", 200, "")
        return Response(as_json(said), media_type="application/json")


def _watching(app: FastAPI, traffic: Traffic) -> None:
    """/health, /ready, /metrics, /versions and the page of all this."""

    @app.head("/health", include_in_schema=False)
    @app.get("/health", summary="Whether the process is alive.")
    async def health() -> Response:
        return Response(as_json({"status": "ok"}), media_type="application/json")

    @app.head("/ready", include_in_schema=False)
    @app.get("/ready", summary="Whether requests would be answered now.")
    async def ready(request: Request) -> Response:
        state = traffic.readiness()
        return Response(as_json(state), 200 if state["ready"] else 503, media_type="application/json")

    @app.get("/versions", summary="Versions in memory, and what each of them gives.")
    async def versions(request: Request) -> Response:
        _allowed(request)
        return Response(as_json(traffic.versions()), media_type="application/json")

    @app.get("/metrics", summary="Figures for Prometheus.")
    async def metrics(request: Request) -> Response:
        _allowed(request)
        traffic.tell_figures()
        text, kind = traffic.desk.figures.page()
        return Response(text, headers={"content-type": kind})

    @app.get("/", include_in_schema=False)
    async def first(request: Request) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + "/docs")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        name = language_of(request.headers.get("accept-language", ""))
        base = f"{request.url.scheme}://{request.url.netloc}"
        return HTMLResponse(page(app.openapi(), name, request.scope.get("root_path", ""), base))


def _mending(app: FastAPI, desk: Desk) -> None:
    """Every error in the house's form and the client's language."""

    def answer(request: Request, error: TunebookError, status: int) -> Response:
        name = language_of(request.headers.get("accept-language", ""))
        headers = {"content-language": name}
        if seconds := error.fields.get("seconds"):
            headers["retry-after"] = str(seconds)
        if status == 401:
            headers["www-authenticate"] = "Bearer"
        path = request.url.path.rpartition("/")[2]
        desk.figures.refused(error.code)
        _count(desk, request, path if path in _PATHS else "other", status, "")
        body = {"error": told(error, name), "request_id": request.state.id}
        return Response(as_json(body), status, media_type="application/json", headers=headers)

    @app.exception_handler(TunebookError)
    async def known(request: Request, error: TunebookError) -> Response:
        return answer(request, error, status_of(error))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        allowed = " | ".join(sorted({getattr(route, "path", "") for route in app.routes} - {""}))
        if error.status_code == 405:
            methods = (error.headers or {}).get("Allow", "")
            found = DataError("serve.method", key="method", value=request.method, allowed=methods)
        else:
            found = DataError("serve.path", key="path", value=request.url.path[:80], allowed=allowed)
        return answer(request, found, error.status_code)

    @app.exception_handler(ClientDisconnect)
    async def nobody(request: Request, error: ClientDisconnect) -> Response:
        return _nobody(desk, request, "other")

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        tell_place(error)
        found = as_error(error)
        return answer(request, found, status_of(found))


def _asked(request: Request, path: str, given: Any, first: list[str], second: list[str] | None) -> Asked:
    """The request in the desk's words."""
    state = request.state
    user = given.user or request.headers.get("x-user-id", "")[:256]
    return Asked(
        id=state.id, path=path, key=user or state.id, texts=first, pairs=second,
        top_k=getattr(given, "top_k", None), come=state.come, at=state.at,
        single=getattr(given, "text", None) is not None, side=getattr(given, "side", ""),
    )  # fmt: skip


def _nobody(desk: Desk, request: Request, path: str) -> Response:
    """What goes to a client that has gone."""
    _count(desk, request, path, GONE, "")
    return Response(status_code=GONE)


def _check_size(desk: Desk, first: list[str], second: list[str] | None) -> None:
    """Raises a DataError, `serve.too_many` or `serve.too_long`."""
    most = desk.serving
    if len(first) > most.most_texts:
        raise DataError("serve.too_many", key="texts", value=len(first), allowed=f"<= {most.most_texts}")
    characters = sum(map(len, first)) + sum(map(len, second or ()))
    if characters > most.most_characters:
        raise DataError("serve.too_long", key="characters", value=characters, allowed=f"<= {most.most_characters}")


def _allowed(request: Request) -> None:
    if not request.state.allowed:
        raise TunebookError("serve.key", key="Authorization")


def _value(name: str, value: Any) -> str | float:
    """A class may be called 3, and JSON has that as a number."""
    if name == LABEL and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else float(value)


def _count(desk: Desk, request: Request, path: str, status: int, version: str) -> None:
    desk.figures.request(path, status, version, time.perf_counter() - request.state.come)


__all__ = ["Front", "application"]
