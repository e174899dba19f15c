"""One thread of a server that writes the request log: what comes in meanwhile goes in one transaction.

A group is as long as the sync of the one before lasts, so that a quiet server waits for nothing and a busy one syncs
seldom. What cannot go to the log goes to a spool file, which is as durable, and from there to the log when it is back.
What the log will never take for what it is, is set aside, so that nothing waits behind it.
Where neither can be written (a full disk), the records are kept in memory up to a bound, told as unlogged, and tried
again: whether the answer leaves all the same is the server's choice.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import Any

from tunebook.core.errors import DataError, MachineError, TunebookError, machine_error
from tunebook.requests.log import RequestLog
from tunebook.requests.record import Answered, Feedback
from tunebook.requests.replay import Replay
from tunebook.requests.spool import Batch, Spool, set_aside
from tunebook.requests.trouble import Trouble

_LOG = logging.getLogger("tunebook.requests")
_GROUP = 2_000  # records of one transaction at most
_FIRST, _LONGEST = 0.25, 15.0  # seconds until a log that was away is tried again, doubled each time
_TRIES = 5  # of a batch at which something breaks that has no name
UNKNOWN = -1  # how many of the told records belong to no answer, where the log was away


@dataclass
class _Item:
    batch: Batch
    future: Future[int]


class Writer:
    """See above; give it back with `close`.

    Args:
        log: which no other thread closes.
        spool: folder for what the log does not take.
        most: records that may wait; kept: that may wait in memory while nothing can be written.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        log: RequestLog,
        spool: Path,
        *,
        most: int = 50_000,
        kept: int = 50_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._log, self._most, self._most_kept, self._clock = log, most, kept, clock
        self._spool, self._folder = Spool(spool), spool
        self._replay = Replay(self._spool, spool)
        self._queue: deque[_Item] = deque()
        self._kept: deque[Batch] = deque()
        self._state = Trouble()
        self._change = Condition()
        self._closing = False
        self._again, self._pause = 0.0, _FIRST
        self._strikes = ("", 0)  # key of the batch that broke last, and how often
        self._thread = Thread(target=self._run, name="request log", daemon=True)
        self._thread.start()

    def put(self, rows: Sequence[Answered]) -> Future[int]:
        """Take records; the future is done once they are durable, in the log or in the spool.

        Its exception is a MachineError: `requests.full` at once, `requests.unwritable` or what the system says; or a
        DataError, `requests.refused`.
        """
        return self._take(Batch(uuid.uuid4().hex, rows=tuple(rows)))

    def tell(self, rows: Sequence[Feedback]) -> Future[int]:
        """Take what came back; the future gives how many belong to no known answer, -1 where the log is away."""
        return self._take(Batch(uuid.uuid4().hex, told=tuple(rows)))

    @property
    def state(self) -> Trouble:
        """How the log does now."""
        with self._change:
            return self._state

    def close(self, timeout: float = 30.0) -> Trouble:
        """Write what waits and end the thread; what the log has not taken by then stays in the spool."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(timeout)
        return self.state

    def _take(self, batch: Batch) -> Future[int]:
        future: Future[int] = Future()
        with self._change:
            waiting = self._state.waiting + len(batch)
            if waiting > self._most or self._closing:
                self._count(unlogged=len(batch), lost=len(batch))
                future.set_exception(MachineError("requests.full", key=str(self._state.waiting)))
                return future
            self._count(waiting=len(batch))
            self._queue.append(_Item(batch, future))
            self._change.notify()
        return future

    def _count(self, **more: int) -> None:
        """Add to the figures."""
        with self._change:
            added = {name: getattr(self._state, name) + count for name, count in more.items()}
            self._state = replace(self._state, **added)

    def _run(self) -> None:
        self._note(spooled=self._replay.find())
        while (group := self._next()) is not None:
            if group:
                self._write(group)
            if self._behind and self._clock() >= self._again:
                self._catch_up()
            elif not self._behind and self._state.error:
                self._over()  # a group has gone through
        self._end()

    def _next(self) -> list[_Item] | None:
        """What waits, as much as one transaction takes; nothing where the log is to be tried again, None at the end."""
        with self._change:
            while not self._queue:
                if self._closing:
                    return None
                left = max(0.0, self._again - self._clock()) if self._behind else None
                if left == 0.0:
                    return []
                self._change.wait(left)
            group: list[_Item] = []
            while self._queue and (not group or sum(len(item.batch) for item in group) < _GROUP):
                group.append(self._queue.popleft())
            return group

    @property
    def _behind(self) -> bool:
        return bool(self._kept) or self._replay.waiting

    def _write(self, group: Sequence[_Item]) -> None:
        """Make a group durable and tell its callers."""
        rows = [item for item in group if item.batch.rows]
        if rows:
            whole = Batch(rows[0].batch.key, rows=tuple(row for item in rows for row in item.batch.rows))
            self._settle(whole, rows)
        for item in group:
            if not item.batch.rows:
                self._settle(item.batch, [item])

    def _settle(self, batch: Batch, items: Sequence[_Item]) -> None:
        """Put a batch where it is durable: the log, else the spool, else memory, which is not."""
        result = 0
        error: TunebookError | None = None
        try:
            if self._clock() < self._again:  # it was away a moment ago
                result = self._aside(batch)
            else:
                try:
                    result = self._into_log(batch)
                except DataError as found:
                    if len(items) > 1:  # one of them
                        for item in items:
                            self._settle(item.batch, [item])
                        return
                    self._set_aside(batch, found)
                    error = found
                except TunebookError as found:
                    self._away(found)
                    result = self._aside(batch)
        except Exception as found:  # neither; the thread must go on whatever it is
            error = self._unkept(batch, found)
        with self._change:
            self._count(waiting=-len(batch))
            self._state = replace(self._state, durable=error is None or isinstance(error, DataError))
        for item in items:
            with suppress(Exception):  # its caller has gone
                item.future.set_exception(error) if error else item.future.set_result(result)

    def _into_log(self, batch: Batch) -> int:
        result = self._log.tell(batch.told, batch.key) if batch.told else 0
        if batch.rows:
            self._log.append(batch.rows, batch.key)
        self._count(logged=len(batch))
        return result

    def _aside(self, batch: Batch) -> int:
        self._spool.put(batch)
        self._count(spooled=len(batch))
        return UNKNOWN if batch.told else 0

    def _set_aside(self, batch: Batch, why: TunebookError) -> None:
        """Keep what the log will never take where nothing waits for it."""
        lost = 0
        try:
            set_aside(self._folder, batch)
        except Exception:  # what is no JSON either, or a full disk
            lost = len(batch)
        _LOG.error("%s: %s records are set aside", why.code, len(batch))
        self._count(refused=len(batch), lost=lost)

    def _away(self, error: TunebookError) -> None:
        """Leave the log alone for a while."""
        self._again = self._clock() + self._pause
        self._pause = min(_LONGEST, 2 * self._pause)
        self._note(error=error.code)

    def _note(self, **new: Any) -> None:
        with self._change:
            self._state = replace(self._state, **new)

    def _unkept(self, batch: Batch, found: Exception) -> TunebookError:
        """Keep a batch in memory, as far as there is room; gives what its caller is told."""
        error = self._told(found)
        self._again = max(self._again, self._clock() + _FIRST)
        with self._change:
            room = self._state.kept + len(batch) <= self._most_kept
            self._count(unlogged=len(batch), **({"kept": len(batch)} if room else {"lost": len(batch)}))
            self._state = replace(self._state, error=error.code, durable=False)
        if room:
            self._kept.append(batch)
        return error

    def _catch_up(self) -> None:
        """Give the log one batch that it still lacks; the trouble is over when there is none."""
        try:
            batch = self._kept[0] if self._kept else self._replay.next()
            if batch is not None:
                self._give(batch)
                place = "kept" if self._kept else "spooled"
                gone = self._kept.popleft() if self._kept else self._replay.done(batch)
                self._count(**{place: -len(gone)})
            self._pause = _FIRST
        except Exception as error:
            self._replay.again()  # what the log has is passed over
            self._away(self._told(error))
            return
        if not self._behind:
            self._over()

    def _give(self, batch: Batch) -> None:
        """Into the log; what it refuses is set aside, record by record, and so is what breaks again and again."""
        try:
            self._into_log(batch)
        except DataError as found:
            if len(batch) == 1:
                return self._set_aside(batch, found)
            for one in batch.parts():
                self._give(one)
        except Exception as found:
            if isinstance(found, TunebookError):
                raise
            self._strikes = (batch.key, self._strikes[1] + 1 if self._strikes[0] == batch.key else 1)
            if self._strikes[1] < _TRIES:
                raise
            self._set_aside(batch, self._told(found))

    def _over(self) -> None:
        self._note(error="", durable=True)
        self._pause, self._again = _FIRST, 0.0

    def _told(self, error: Exception) -> TunebookError:
        """Whatever it is, as one of ours."""
        if isinstance(error, TunebookError):
            return error
        reason = str(error) or type(error).__name__
        return machine_error(error, self._folder) or MachineError(
            "requests.unwritable", key=self._log.name, reason=reason
        )

    def _end(self) -> None:
        """What is only in memory goes to the log or to the spool, if one takes it now."""
        for batch in self._kept:
            try:
                self._into_log(batch)
            except Exception:
                try:
                    self._aside(batch)
                except Exception:
                    self._count(lost=len(batch))
            self._count(kept=-len(batch))
        self._replay.close()


__all__ = ["UNKNOWN", "Trouble", "Writer"]
