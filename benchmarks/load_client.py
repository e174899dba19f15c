"""A client for load: a steady rate over many connections, late starts counted (no coordinated omission).

A request has the moment at which it should go out; its latency counts from there, whether or not a connection was free
then. Plain HTTP/1.1 over asyncio streams: a client library would cost more than the server that is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Load:
    """What came of it.

    Attributes:
        seconds: latency of each answered request, from the moment at which it should have gone out.
        failed: what went wrong: a status, or the name of an error. ids: of the answered ones. versions: how many
            answers of each.
    """

    rate: float
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Requests, failures, P50 and P99 in milliseconds."""
        p50, p99 = np.quantile(self.seconds, (0.5, 0.99)) if self.seconds else (float("nan"),) * 2
        return {
            "rate": round(self.rate, 1), "requests": len(self.seconds) + len(self.failed), "failed": len(self.failed),
            "p50_ms": round(1e3 * float(p50), 2), "p99_ms": round(1e3 * float(p99), 2),
        }  # fmt: skip


async def steady(url: str, texts: Sequence[str], rate: float, seconds: float, connections: int = 64) -> Load:
    """Ask at a steady rate for so long; a request that fails is not sent again."""
    host, port = url.removeprefix("http://").split(":")
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    found, count = Load(rate), max(1, int(rate * seconds))
    queue: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()
    users = [asyncio.create_task(_user(host, int(port), bodies, queue, found)) for _ in range(connections)]
    begun = time.perf_counter() + 0.05
    for number in range(count):
        due = begun + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        queue.put_nowait((number, due))
    for _ in users:
        queue.put_nowait(None)
    await asyncio.gather(*users)
    return found


async def _user(host: str, port: int, bodies: Sequence[bytes], queue: Any, found: Load) -> None:
    """One connection."""
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (item := await queue.get()) is not None:
        number, due = item
        try:
            if streams is not None and streams[0].at_eof():  # the server has closed it meanwhile, as any may
                streams[1].close()
                streams = None
            if streams is None:
                streams = await asyncio.open_connection(host, port)
            status, body, closes = await asyncio.wait_for(_ask(*streams, bodies[number % len(bodies)]), 60)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            found.failed.append(type(error).__name__)
            closes = True
        else:
            if status == 200:
                found.seconds.append(time.perf_counter() - due)
                said = json.loads(body)
                found.ids.append(said.get("request_id", ""))
                version = said.get("version", "")
                found.versions[version] = found.versions.get(version, 0) + 1
            else:
                found.failed.append(str(status))
        if closes and streams is not None:
            streams[1].close()
            streams = None
    if streams is not None:
        streams[1].close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> tuple[int, bytes, bool]:
    writer.write(
        b"POST /predict HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(size), b"connection: close" in head


__all__ = ["Load", "steady"]
