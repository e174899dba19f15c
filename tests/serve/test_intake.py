"""The door: bodies that are slow, clients that go, connections that say nothing, and the end."""

from __future__ import annotations

import asyncio
import signal
from types import SimpleNamespace

import pytest
from starlette.requests import ClientDisconnect, Request

from tests.serve.models import Words
from tunebook.core.errors import DataError
from tunebook.core.operation import Serving
from tunebook.serve import server
from tunebook.serve.intake import Keys, body_of, gone
from tunebook.serve.sources import Given
from tunebook.serve.traffic import Traffic


def request(*messages, wait=0.0):
    left = list(messages)

    async def receive():
        if not left:
            await asyncio.sleep(wait)
            return {"type": "http.disconnect"}
        return left.pop(0)

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")], "state": {"allowed": True}}
    return Request(scope, receive)


def part(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_comes_in_parts():
    assert asyncio.run(body_of(request(part(b"{"), part(b"}", False)), 10, 1)) == b"{}"


def test_a_body_that_does_not_come_is_not_waited_for():
    with pytest.raises(DataError) as found:
        asyncio.run(body_of(request(part(b"{"), wait=5), 10, 0.05))
    assert (found.value.code, found.value.value) == ("serve.slow", 1)


def test_a_body_that_never_ends_is_not_read_for_good():
    with pytest.raises(DataError) as found:
        asyncio.run(body_of(request(*[part(b" " * 9_000_000) for _ in range(9)]), 10, 5))
    assert (found.value.code, found.value.value) == ("serve.too_large", 36_000_000)
    with pytest.raises(DataError) as slow:
        asyncio.run(body_of(request(part(b" " * 20), wait=5), 10, 0.05))
    assert slow.value.code == "serve.too_large"


def test_a_client_that_goes_before_its_body_is_there():
    with pytest.raises(ClientDisconnect):
        asyncio.run(body_of(request(part(b"{")), 10, 1))
    asyncio.run(gone(request(part(b"", False))))


def test_keys_are_compared_whole():
    keys = Keys(["0123456789abcdef", "fedcba9876543210"])
    assert keys.fits("fedcba9876543210") and not keys.fits("fedcba987654321") and not keys.fits("\ud800")


class Connection:
    """A connection as uvicorn has it."""

    def __init__(self, cycle=None, timer=None):
        self.cycle, self.timeout_keep_alive_task, self.closed = cycle, timer, False
        self.transport = SimpleNamespace(close=lambda: setattr(self, "closed", True))


def stopping(*connections):
    listener = SimpleNamespace(close=lambda: closed.append(True))
    closed = []
    inner = SimpleNamespace(
        server_state=SimpleNamespace(connections=set(connections)), servers=[listener], started=True,
        should_exit=False, force_exit=False,
    )  # fmt: skip
    traffic = Traffic(Given([Words()]), Serving())
    return server._Stop(inner, traffic, 0.0, lambda: None), inner, traffic, closed


def test_a_connection_that_says_nothing_is_closed():
    silent, busy, idle = Connection(), Connection(SimpleNamespace(response_complete=False)), Connection(timer=object())
    stop, inner, _, _ = stopping(silent, busy, idle)
    stop._hurry(0.0)
    stop._hurry(server._HEADERS - 1)
    assert not silent.closed
    stop._hurry(server._HEADERS + 1)
    assert (silent.closed, busy.closed, idle.closed) == (True, False, False)
    inner.server_state.connections.clear()
    stop._hurry(100.0)
    assert stop._seen == {}


def test_the_end_waits_for_connections_that_were_just_taken():
    new = Connection()
    stop, inner, traffic, closed = stopping(new)
    stop.heard(signal.SIGTERM, None)
    assert traffic.draining and not inner.should_exit
    stop._hurry(0.0)
    stop._leave(0.0)
    stop._leave(0.2)
    assert closed and not inner.should_exit
    new.cycle = SimpleNamespace(response_complete=False)  # it has said what it wants: uvicorn waits for its answer
    stop._hurry(0.3)
    stop._leave(0.3)
    assert inner.should_exit and not inner.force_exit
    stop.heard(signal.SIGTERM, None)
    assert inner.force_exit


def test_the_end_does_not_wait_for_ever():
    stop, inner, _, _ = stopping()
    stop._leave(0.0)
    stop._seen = {object(): 100.0}
    stop._leave(server._LONGEST + 0.1)
    assert inner.should_exit
