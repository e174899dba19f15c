"""The door of the server: prefix, key, request id, and a body that is neither too large nor too slow."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
import uuid
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunebook.core.errors import BookError, DataError, TunebookError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_OPEN = ("/health", "/ready")
_LEAST_KEY = 16  # characters
_DRAINED = 32_000_000  # bytes of a body too large that are read and thrown away, so that its sender reads the answer


class Keys:
    """Which API keys are taken; only their hashes are in memory."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [sha256(key.encode()).digest() for key in keys]

    @classmethod
    def of(cls, path: Path) -> Keys:
        """Those of a file: one a line, `#` begins a comment.

        Raises:
            BookError: `serve.key_file`.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise BookError("serve.key_file", key="--api-key-file", value=str(path), least=_LEAST_KEY) from error
        keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not keys or any(len(key) < _LEAST_KEY or not key.isascii() or " " in key for key in keys):
            raise BookError("serve.key_file", key="--api-key-file", value=str(path), least=_LEAST_KEY)
        return cls(keys)

    def fits(self, given: str) -> bool:
        """Whether this is one of them; takes as long whichever it is."""
        found = sha256(given.encode("utf-8", "replace")).digest()
        return any([hmac.compare_digest(found, key) for key in self._hashes])


class Door:
    """What stands in front of the application: puts the prefix right, gives each request its id, wants a key.

    Args:
        prefix: path under which the server is reached, with or without a proxy that takes it off.
        leaving: whether clients are asked to open their next connection elsewhere.
    """

    def __init__(
        self, app: ASGIApp, prefix: str = "", keys: Keys | None = None, leaving: Callable[[], bool] = lambda: False
    ) -> None:
        self._app, self._prefix, self._keys, self._leaving = app, prefix, keys, leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        path = self._inside(scope)
        given = headers.get(b"x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        known = {"come": time.perf_counter(), "at": time.time(), "id": request_id}
        known["allowed"] = path in _OPEN or self._keys is None or self._keys.fits(_key(headers))
        scope.setdefault("state", {}).update(known)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(b"x-request-id", request_id.encode())]
                more += [(b"connection", b"close")] if self._leaving() else []
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        await self._app(scope, receive, sent)

    def _inside(self, scope: Scope) -> str:
        """The path inside the application; the scope then has it behind the prefix, as ASGI wants it."""
        path: str = scope["path"]
        if not self._prefix:
            return path
        if path != self._prefix and not path.startswith(self._prefix + "/"):
            path = self._prefix + path
        scope["root_path"], scope["path"], scope["raw_path"] = self._prefix, path, path.encode()
        return path.removeprefix(self._prefix)


def _key(headers: dict[bytes, str]) -> str:
    kind, _, value = headers.get(b"authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else headers.get(b"x-api-key", "")


async def body_of(request: Request, most: int, seconds: float) -> bytes:
    """The body of JSON.

    Raises:
        TunebookError: `serve.key`, `serve.media`, `serve.too_large`, `serve.slow`.
    """
    if not request.state.allowed:
        raise TunebookError("serve.key", key="Authorization")
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() not in ("application/json", "text/json"):
        raise DataError("serve.media", key="Content-Type", value=kind[:80], allowed="application/json")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size <= most:
                    parts.append(part)
                elif size > _DRAINED:
                    break
    except TimeoutError:
        if size <= most:
            raise DataError("serve.slow", key="body", value=size, allowed=f"{seconds:g} s") from None
    if size > most:
        raise DataError("serve.too_large", key="body", value=size, allowed=f"<= {most}")
    return b"".join(parts)


async def gone(request: Request) -> None:
    """Return when the client has gone."""
    while True:
        message: dict[str, Any] = dict(await request.receive())
        if message["type"] == "http.disconnect":
            return


__all__ = ["Door", "Keys", "body_of", "gone"]
