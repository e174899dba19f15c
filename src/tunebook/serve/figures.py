"""What Prometheus is told, under names of our own in a registry of our own.

Names are fixed here and checked by a test, for the client rewrites what it does not like; a number that is none would
spoil a sum for good and is left out; labels are never words of users.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64)
_TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
_MANY = "PROMETHEUS_MULTIPROC_DIR"  # several processes of one server share a folder


class Figures:
    """The figures of a process; those of several are added up where `PROMETHEUS_MULTIPROC_DIR` is set."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self._requests = Counter("tunebook_requests", "Requests.", ["path", "status", "version"], registry=own)
        self._texts = Counter("tunebook_texts", "Texts.", ["path", "version", "role"], registry=own)
        self._refused = Counter("tunebook_refused", "Requests that got no answer.", ["code"], registry=own)
        named: dict[str, Any] = {"buckets": _SECONDS, "registry": own}
        self._seconds = Histogram("tunebook_request_seconds", "From arrival to answer.", ["path", "version"], **named)
        self._waited = Histogram("tunebook_wait_seconds", "From arrival to the model.", ["version"], **named)
        self._rows = Histogram("tunebook_pass_rows", "Texts of a pass.", ["version"], buckets=_ROWS, registry=own)
        self._tokens = Histogram(
            "tunebook_pass_tokens", "Tokens of a pass, padded.", ["version"], buckets=_TOKENS, registry=own
        )
        self._compared = Counter("tunebook_compared", "Comparisons in shadow.", ["outcome"], registry=own)
        self._swaps = Counter("tunebook_swaps", "Changes of the versions in memory.", ["outcome"], registry=own)
        live: dict[str, Any] = {"registry": own, "multiprocess_mode": "livesum"}
        self._waiting = Gauge("tunebook_waiting_texts", "Texts that wait.", ["version"], **live)
        self._log = Gauge("tunebook_log_rows", "Records of the request log, by where they are.", ["place"], **live)
        self._versions = Gauge(
            "tunebook_version", "1 for a version in memory.", ["version", "bundle"], registry=own,
            multiprocess_mode="livemax",
        )  # fmt: skip

        self._seen: set[tuple[str, str]] = set()

    def request(self, path: str, status: int, version: str, seconds: float) -> None:
        """A request came to its end."""
        self._requests.labels(path, str(status), version).inc()
        self._observe(self._seconds.labels(path, version), seconds)

    def texts(self, path: str, version: str, role: str, count: int, waited: float) -> None:
        """So many texts were answered."""
        self._texts.labels(path, version, role).inc(count)
        self._observe(self._waited.labels(version), waited)

    def refused(self, code: str) -> None:
        """A request got an error; its code is one of ours."""
        self._refused.labels(code).inc()

    def passed(self, version: str, rows: int, tokens: int) -> None:
        """A pass through a model."""
        self._observe(self._rows.labels(version), rows)
        self._observe(self._tokens.labels(version), tokens)

    def compared(self, outcome: str) -> None:
        """A comparison was made, or given up: `made`, `failed`, `dropped`."""
        self._compared.labels(outcome).inc()

    def swapped(self, outcome: str) -> None:
        """Versions were changed: `done`, or `failed`."""
        self._swaps.labels(outcome).inc()

    def now(self, waiting: dict[str, int], log: dict[str, int], versions: Iterable[tuple[str, str]]) -> None:
        """How things stand."""
        for version, count in waiting.items():
            self._waiting.labels(version).set(count)
        for place, count in log.items():
            self._log.labels(place).set(count)
        there = set(versions)
        for version, bundle in there | self._seen:  # the client of several processes cannot forget one
            self._versions.labels(version, bundle).set((version, bundle) in there)
        self._seen |= there

    def page(self) -> tuple[bytes, str]:
        """The figures as Prometheus reads them, and their content type."""
        if _MANY not in os.environ:
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        whole = CollectorRegistry()
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
        return generate_latest(whole), CONTENT_TYPE_LATEST

    @staticmethod
    def _observe(histogram: Histogram, value: float) -> None:
        if math.isfinite(value):
            histogram.observe(value)


__all__ = ["Figures"]
