"""Texts of many requests are read by a model together: tokenised side by side, those of like length in one pass."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tunebook.bundle.answering import Answering
from tunebook.core.errors import MachineError
from tunebook.serve.waiting import Done, Job, Outputs, Text, Waiting, Wording

_AGE = 2.0  # seconds after which a comparison is made though users wait
_DOZE = 0.02  # seconds between looks whether users still wait
_AT_ONCE = 128  # texts that are tokenised together


@dataclass(frozen=True)
class Batching:
    """How texts are brought together.

    Attributes:
        wait_ms: how long the first of them waits for others while the model is idle.
        most_tokens, most_rows: of one pass, padding counted; on CPUs more of them are no quicker (docs/LOG.md).
        most_waiting: texts that may wait; who comes beyond them is refused.
        lanes: passes that run side by side; readers: threads that tokenise and put answers into words.
    """

    wait_ms: float = 0.0
    most_tokens: int = 512
    most_rows: int = 16
    most_waiting: int = 1024
    lanes: int = 1
    readers: int = 2


class Counter:
    """How many texts of users wait for any of the models; comparisons are made while it is 0."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self, amount: int) -> None:
        """Count."""
        with self._lock:
            self.value += amount


class Batcher:
    """The queue in front of one model, and the threads that work on it.

    Args:
        users, slots: shared by all models of a server; a slot is what one pass takes of the machine.
        seen: is told of each pass (rows, padded tokens).
    """

    def __init__(
        self,
        model: Answering,
        how: Batching | None = None,
        users: Counter | None = None,
        slots: threading.Semaphore | None = None,
        seen: Callable[[int, int], None] | None = None,
    ) -> None:
        self.model, self.how, self._users, self._seen = model, how or Batching(), users or Counter(), seen
        self._slots = slots or threading.Semaphore(self.how.lanes)
        self._ready = threading.Condition()
        self._loud = Waiting(self.how.most_tokens, self.how.most_rows)
        self._quiet = Waiting(self.how.most_tokens, self.how.most_rows)
        self._unread: deque[Job] = deque()
        self._reading = self._open = self._compared = 0
        self._rate = 0.0  # rows a second
        self._closing = False
        self._hands = ThreadPoolExecutor(self.how.readers, thread_name_prefix="tunebook-read")
        named: dict[str, Any] = {"name": "tunebook-model", "daemon": True}
        self._lanes = [threading.Thread(target=self._work, **named) for _ in range(self.how.lanes)]
        for lane in self._lanes:
            lane.start()

    @property
    def waiting(self) -> int:
        """Texts of users that have no answer yet."""
        return self._open

    def submit(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        wording: Wording | None = None,
        quiet: bool = False,
        side: str = "",
    ) -> Future[Done]:
        """Have texts read by the model. Whose future is cancelled is passed over.

        Args:
            wording: puts tokens and outputs into words, in a thread.
            quiet: nobody waits for it. side: see `Job`.

        Raises:
            MachineError: `serve.busy`, too many wait; `serve.stopping`.
        """
        job = Job(texts, pairs, wording, quiet, time.perf_counter(), side)
        with self._ready:
            self._admit(len(texts), quiet)
            self._unread.append(job)
            begin = self._reading < self.how.readers
            self._reading += begin
            if begin:
                self._hands.submit(self._read)
        if not quiet:
            self._users.add(len(texts))
        job.future.add_done_callback(lambda _: self._leave(len(texts), quiet))
        return job.future

    def close(self) -> None:
        """Answer whoever waits, and end the threads."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for lane in self._lanes:
            lane.join()
        self._hands.shutdown(wait=True)

    def _admit(self, texts: int, quiet: bool) -> None:
        if self._closing:
            raise MachineError("serve.stopping", seconds=1)
        here = self._compared if quiet else self._open
        if here and here + texts > self.how.most_waiting:
            seconds = here / self._rate if self._rate else 1.0
            raise MachineError("serve.busy", key="texts", value=here, seconds=max(1, min(60, round(seconds))))
        if quiet:
            self._compared += texts
        else:
            self._open += texts

    def _leave(self, texts: int, quiet: bool) -> None:
        with self._ready:
            if quiet:
                self._compared -= texts
            else:
                self._open -= texts
        if not quiet:
            self._users.add(-texts)

    def _read(self) -> None:
        """Tokenise whoever waits for it, several requests at a time."""
        while True:
            with self._ready:
                jobs = self._gathered()
                if not jobs:
                    self._reading -= 1
                    self._ready.notify_all()
                    return
            read = self._tokenised(jobs)
            with self._ready:
                for job in read:
                    (self._quiet if job.quiet else self._loud).add(job)
                self._ready.notify()

    def _gathered(self) -> list[Job]:
        """Requests of one kind (pairs or not, one side) whose texts are tokenised together."""
        jobs: list[Job] = []
        texts = 0
        while self._unread and texts < _AT_ONCE:
            if jobs and _kind(jobs[0]) != _kind(self._unread[0]):
                break
            job = self._unread.popleft()
            jobs.append(job)
            texts += len(job.texts)
        return jobs

    def _tokenised(self, jobs: list[Job]) -> list[Job]:
        """Those whose texts could be read; one that cannot fails alone."""
        texts = [text for job in jobs for text in job.texts]
        pairs = None if jobs[0].pairs is None else [pair for job in jobs for pair in job.pairs or ()]
        try:
            side: dict[str, Any] = {"side": jobs[0].side} if jobs[0].side else {}
            found = iter(self.model.read(texts, pairs, **side))
            for job in jobs:
                job.tokens = [next(found) for _ in job.texts]
                job.outputs, job.left = [None] * len(job.tokens), len(job.tokens)
        except Exception as error:
            if len(jobs) == 1:
                _fail(jobs[0], error)
                return []
            return [job for one in jobs for job in self._tokenised([one])]
        return jobs

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            if taken:
                with self._slots:
                    self._pass(taken)

    def _next(self) -> list[Text] | None:
        """The texts of the next pass, when it is time; None when all is done and the door is closed."""
        with self._ready:
            while True:
                if self._loud:
                    left = self._loud.since + self.how.wait_ms / 1e3 - time.perf_counter()
                    if left <= 0 or self._closing or self._loud.full:
                        self._ready.notify()  # another lane may find more
                        return self._loud.take()
                    self._ready.wait(left)
                elif self._quiet:
                    late = time.perf_counter() - self._quiet.since > _AGE
                    if late or self._closing or self._users.value <= 0:
                        return self._quiet.take()
                    self._ready.wait(_DOZE)
                elif self._closing and not self._unread and not self._reading:
                    return None
                else:
                    self._ready.wait()

    def _pass(self, texts: list[Text]) -> None:
        begun = time.perf_counter()
        rows = [text.tokens for text in texts]
        try:
            outputs = self.model.outputs(rows)
        except Exception as error:
            self._apart(texts, error)
            return
        seconds = max(time.perf_counter() - begun, 1e-6)
        self._rate = 0.9 * self._rate + 0.1 * len(texts) / seconds if self._rate else len(texts) / seconds
        if self._seen is not None:
            self._seen(len(rows), len(rows) * max(map(len, rows)))
        self._give(texts, outputs, begun)

    def _apart(self, texts: list[Text], error: Exception) -> None:
        """A pass failed: the requests in it go through the model one by one, so that only the one at fault fails."""
        jobs = list(dict.fromkeys(text.job for text in texts))
        if len(jobs) == 1:
            _fail(jobs[0], error)
            return
        for job in jobs:
            self._pass([text for text in texts if text.job is job])

    def _give(self, texts: list[Text], outputs: Outputs, begun: float) -> None:
        with self._ready:  # texts of one request may be in two lanes
            for text, output in zip(texts, outputs, strict=True):
                job = text.job
                job.outputs[text.number] = output
                job.began = job.began or begun
                job.left -= 1
            whole = [job for job in dict.fromkeys(text.job for text in texts) if not job.left]
        for job in whole:
            self._hands.submit(_finish, job)


def _kind(job: Job) -> tuple[bool, str]:
    return job.pairs is None, job.side


def _finish(job: Job) -> None:
    """Put the answers of a request into words and give them out."""
    try:
        words = job.wording(job) if job.wording is not None else []
    except Exception as error:
        _fail(job, error)
        return
    if not job.future.done() and job.future.set_running_or_notify_cancel():
        job.future.set_result(Done(job.tokens, job.outputs, words, job.began))


def _fail(job: Job, error: Exception) -> None:
    with suppress(Exception):  # the second text of a request that has failed already
        if not job.future.done() and job.future.set_running_or_notify_cancel():
            job.future.set_exception(error)


__all__ = ["Batcher", "Batching", "Counter"]
