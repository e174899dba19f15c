"""Which versions are in memory: looked up each second, loaded beside those that answer, then switched."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, Protocol

from tunebook.bundle.answering import Answering
from tunebook.core.errors import TunebookError
from tunebook.core.operation import Serving
from tunebook.requests.trouble import Trouble
from tunebook.rollout.choice import Router
from tunebook.serve.batcher import Batching
from tunebook.serve.desk import Desk, Journal
from tunebook.serve.figures import Figures
from tunebook.serve.fleet import Fleet
from tunebook.serve.problems import as_error
from tunebook.serve.sources import OneRouter

_LOG = logging.getLogger("tunebook.serve")
_LOOK = 1.0  # seconds between looks at the change log
_AGAIN = 30.0  # seconds until a version that could not be loaded is tried again
_STEP = 5.0  # seconds between steps of the rollout


class Source(Protocol):
    """Where versions come from: a book, or bundles."""

    def mark(self) -> Hashable:
        """Cheap, and another whenever `router` may say something else."""

    def router(self) -> Router:
        """Which version answers whom, as it stands now."""

    def open_model(self, version: str) -> Answering:
        """The model of a version; may take long."""

    def journal(self) -> Journal | None:
        """Who writes the request log; None where nothing is kept. Asked once, at the start."""

    def step(self) -> None:
        """Let the rollout look at its evidence; may take long. In one process of the book at a time."""

    def close(self) -> None:
        """Give back what is held; all records are written."""


class Traffic:
    """The versions of a server, and what looks after them.

    Args:
        look: seconds between looks at the source; step: between steps of its rollout.
    """

    def __init__(
        self, source: Source, serving: Serving, how: Batching | None = None, look: float = _LOOK, step: float = _STEP
    ) -> None:
        self._source, self._look, self._step = source, look, step
        figures = Figures()
        how = how or Batching(wait_ms=serving.wait_ms, most_waiting=serving.most_waiting)
        self.desk = Desk(Fleet(source.open_model, how, figures.passed), serving, None, figures)
        self._tasks: list[asyncio.Task[None]] = []
        self._mark: Hashable = None
        self._trouble: dict[str, Any] | None = None
        self._draining = False
        self.failure: BaseException | None = None  # why the start failed

    async def start(self) -> None:
        """Load the versions; returns when they answer. Where one beside the live one cannot be loaded, the live one
        answers alone, and the other is tried again.

        Raises:
            TunebookError: what opening the live one raises.
        """
        try:
            await self._start()
        except BaseException as error:
            self.failure = error
            await asyncio.to_thread(self.desk.fleet.close)
            await asyncio.to_thread(self._source.close)
            raise

    async def _start(self) -> None:
        self.desk.journal = await asyncio.to_thread(self._source.journal)
        self._mark = await asyncio.to_thread(self._source.mark)
        router = await asyncio.to_thread(self._source.router)
        live, *others = router.versions
        await asyncio.to_thread(self.desk.fleet.load, live)
        try:
            for version in others:
                await asyncio.to_thread(self.desk.fleet.load, version)
        except Exception as error:  # a new version that is broken does not keep the one from users that they have
            self._failed(error)
            router, self._mark = OneRouter(live), None  # looked up again soon
        self.desk.router = router
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._roll())]

    async def stop(self) -> None:
        """Answer whoever waits, write what is to be kept, close everything."""
        self.drain()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.desk.close()
        await asyncio.to_thread(self.desk.fleet.close)
        await asyncio.to_thread(self._source.close)

    @property
    def draining(self) -> bool:
        """Whether it is about to stop."""
        return self._draining

    def drain(self) -> None:
        """Be ready no longer; requests are answered still."""
        self._draining = True

    def readiness(self) -> dict[str, Any]:
        """`ready`, and why it is not, or what is wrong though it is: of the log the code of what it lacks, how many
        records wait to be written to it (`behind`), and how many it will never take (`refused`)."""
        log = Trouble() if self.desk.journal is None else self.desk.journal.state
        refuses = self.desk.serving.unlogged == "refuse"
        ready = self.desk.router is not None and not self._draining and (log.durable or not refuses)
        behind = log.spooled + log.kept
        said = {"log": log.error or "well", "behind": behind, "refused": log.refused}
        return {"ready": ready, **said, "swap": self._trouble}

    def versions(self) -> dict[str, Any]:
        """What is in memory."""
        router = self.desk.router
        live = router.versions[0] if router is not None else None
        loaded = self.desk.fleet.loaded
        found = [
            {
                "version": version, "bundle": item.model.hash, "task": item.model.task, "live": version == live,
                "gives": sorted(item.model.gives), "labels": list(item.model.names), "since": item.since,
                "load_seconds": item.seconds, "waiting": item.batcher.waiting, "retired": item.retired,
            }
            for version, item in loaded.items()
        ]  # fmt: skip
        return {"versions": found, "swap": self._trouble}

    def tell_figures(self) -> None:
        """Bring the figures that are states up to date."""
        loaded, journal = self.desk.fleet.loaded, self.desk.journal
        places = ("waiting", "logged", "spooled", "kept", "unlogged", "lost", "refused")
        log = {} if journal is None else {place: int(getattr(journal.state, place, 0)) for place in places}
        waiting = {version: item.batcher.waiting for version, item in loaded.items()}
        self.desk.figures.now(waiting, log, [(version, item.model.hash) for version, item in loaded.items()])

    async def look(self) -> bool:
        """See whether other versions are wanted, and have them answer; whether anything changed."""
        fleet = self.desk.fleet
        changed = False
        mark = await asyncio.to_thread(self._source.mark)
        if mark != self._mark:
            router = await asyncio.to_thread(self._source.router)
            for version in router.versions:
                await asyncio.to_thread(fleet.load, version)
            # From here to the end of this step no other request is looked at: none can be between its choice and the
            # version that it chose.
            self.desk.router, self._mark, self._trouble = router, mark, None
            fleet.retire(router.versions)
            self.desk.figures.swapped("done")
            changed = True
        await asyncio.to_thread(fleet.sweep)
        return changed

    async def _watch(self) -> None:
        """Look again and again; what cannot be loaded leaves the old versions where they are."""
        while True:
            await asyncio.sleep(self._look)
            try:
                await self.look()
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(max(0.0, _AGAIN - self._look) if self._look == _LOOK else self._look)

    def _failed(self, error: Exception) -> None:
        """Tell that a version could not be loaded."""
        problem = as_error(error)
        _LOG.error("%s", problem if isinstance(error, TunebookError) else type(error).__name__)
        self.desk.figures.swapped("failed")
        self._trouble = {"code": problem.code, "key": problem.key, "at": time.time()}

    async def _roll(self) -> None:
        """Let the rollout go on, in the background."""
        while True:
            await asyncio.sleep(self._step)
            try:
                await asyncio.to_thread(self._source.step)
            except Exception as error:
                _LOG.error("%s", error if isinstance(error, TunebookError) else type(error).__name__)


__all__ = ["Source", "Traffic"]
