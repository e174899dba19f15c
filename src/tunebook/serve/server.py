"""The server on its socket: uvicorn, with slow clients that are sent away and a stop that waits."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import MachineError
from tunebook.serve.start import How, check_extra, checked_prefix, make_traffic

if TYPE_CHECKING:
    from tunebook.serve.traffic import Traffic

_HEADERS = 10.0  # seconds in which the head of a request has to be here
_IDLE = 75  # seconds that a connection is kept: longer than load balancers do, so that they close it and not we
_TICK = 0.1
_SPEAK, _LONGEST = 0.5, 3.0  # seconds that a new connection has to send its request at the end; that all have together


@dataclass(frozen=True)
class Listen:
    """Where the server is found.

    Attributes:
        host: an address of this machine; port: 0 for a free one. drain: seconds between the wish to stop and its
            beginning, in which clients are told to come back elsewhere.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    drain: float = 0.5


def bound(listen: Listen) -> socket.socket:
    """A socket with its port.

    Raises:
        MachineError: `serve.port`, it is taken, or this machine has no such address, or it is not ours to take.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((listen.host, listen.port))
    except (OSError, OverflowError) as error:
        made.close()
        raise _no_port(listen, error) from error
    return made


def url_of(sock: socket.socket, prefix: str = "") -> str:
    """The address for clients on this machine."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{prefix}"


def run(
    what: Path | str, listen: Listen, how: How, ready: Callable[[str, list[dict[str, Any]]], None]
) -> dict[str, Any]:
    """Serve until a signal comes; gives what was done.

    Args:
        ready: is told the address and the versions once requests are answered.

    Raises:
        MachineError: `serve.port`, `machine.extra`. Else as `make_app`, and what loading the versions raises.
    """
    check_extra()
    prefix = checked_prefix(how.prefix)
    sock = bound(listen)
    try:
        traffic = make_traffic(what, how)
        return run_on(sock, traffic, listen, how, lambda: ready(url_of(sock, prefix), traffic.versions()["versions"]))
    finally:
        sock.close()


def run_on(
    sock: socket.socket, traffic: Traffic, listen: Listen, how: How, ready: Callable[[], None]
) -> dict[str, Any]:
    """The same on a socket that is there."""
    import uvicorn

    from tunebook.serve.app import Front, application
    from tunebook.serve.intake import Keys

    keys = None if how.key_file is None else Keys.of(how.key_file)
    app = application(traffic, Front(checked_prefix(how.prefix), keys))
    most = traffic.desk.serving.most_seconds
    config = uvicorn.Config(
        app, lifespan="on", log_config=None, log_level="critical", access_log=False, server_header=False,
        timeout_keep_alive=_IDLE, timeout_graceful_shutdown=int(most) + 5, ws="none",
    )  # fmt: skip
    server = uvicorn.Server(config)
    stop = _Stop(server, traffic, listen.drain, ready)
    server.handle_exit = stop.heard  # type: ignore[method-assign, assignment]
    logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
    try:
        with asyncio.Runner() as runner:
            runner.run(_serve(server, sock, stop))
    except SystemExit:  # uvicorn's word for a start that failed
        if traffic.failure is not None:
            raise traffic.failure from None
        raise
    except OSError as error:  # somebody else listened there while we loaded
        raise _no_port(listen, error) from error
    return {"requests": server.server_state.total_requests, "seconds": time.perf_counter() - stop.begun}


async def _serve(server: Any, sock: socket.socket, stop: _Stop) -> None:
    watch = asyncio.create_task(stop.watch())
    try:
        await server.serve(sockets=[sock])
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


class _Stop:
    """Signals, and clients that do not get to the point."""

    def __init__(self, server: Any, traffic: Traffic, drain: float, ready: Callable[[], None]) -> None:
        self._server, self._traffic, self._drain, self._ready = server, traffic, drain, ready
        self._asked: float | None = None
        self._closed: float | None = None
        self._seen: dict[Any, float] = {}
        self.begun = time.perf_counter()

    def heard(self, number: int, frame: object) -> None:
        """A signal: the first one stops gently, a second one at once."""
        if self._asked is not None:
            self._server.should_exit = self._server.force_exit = True
            return
        self._asked = time.monotonic()
        self._traffic.drain()

    async def watch(self) -> None:
        """Say when it is ready, stop when it is time, and close connections whose head of a request does not come."""
        while not self._server.started:
            await asyncio.sleep(_TICK / 10)
        self._ready()
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            self._hurry(now)
            if self._asked is not None and now - self._asked >= self._drain:
                self._leave(now)

    def _leave(self, now: float) -> None:
        """Take no further connections; end once those that were taken have had the time to say what they want."""
        if self._closed is None:
            self._closed = now
            for server in self._server.servers:
                server.close()
        late = now - self._closed
        if late > _LONGEST or (late > _TICK and all(now - since > _SPEAK for since in self._seen.values())):
            self._server.should_exit = True

    def _hurry(self, now: float) -> None:
        there = set(self._server.server_state.connections)
        for connection in there:
            cycle = getattr(connection, "cycle", None)
            idle = getattr(connection, "timeout_keep_alive_task", None) is not None
            if idle or (cycle is not None and not cycle.response_complete):
                self._seen.pop(connection, None)
            elif now - self._seen.setdefault(connection, now) > _HEADERS:
                connection.transport.close()
        for connection in set(self._seen) - there:
            del self._seen[connection]


def _no_port(listen: Listen, error: Exception) -> MachineError:
    reason = getattr(error, "strerror", None) or str(error)
    return MachineError("serve.port", key="--host, --port", value=f"{listen.host}:{listen.port}", reason=reason)


__all__ = ["Listen", "bound", "run", "run_on", "url_of"]
