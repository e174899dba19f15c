"""Trainings side by side on this machine, in processes that share its cores.

Small matrices gain little from a second core, and what is no product of matrices runs on one alone: two trainings of
one thread each are done sooner than one after the other with two threads. How many threads a training has follows from
the machine and from what is asked for, never from what happens to run beside it, so that its run is the same.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from tunebook.core.errors import TunebookError
from tunebook.core.messages import say
from tunebook.core.nouns import Plan
from tunebook.core.progress import Notes, Progress
from tunebook.core.signals import hear_again
from tunebook.verbs.engines.lane import Lane
from tunebook.verbs.engines.seam import Engine, Local
from tunebook.verbs.engines.shares import shares
from tunebook.verbs.engines.told import Event, heard_out
from tunebook.verbs.engines.worker import interrupted
from tunebook.verbs.steps.diverged import is_over
from tunebook.verbs.steps.runs import Run, find_run

_PATIENCE = 30.0  # seconds for a training to keep where it is
_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Key = tuple[Path, str]


@dataclass(eq=False)
class _Job:
    """A training that is waited for, or will be.

    Attributes:
        fresh: nothing of its run was there before.
        lane: the process that trains it; None while it waits. done: nobody trains it any more.
    """

    plan: Plan
    folder: Path
    fresh: bool
    lane: Lane | None = None
    dropped: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    told: SimpleQueue[Event] = field(default_factory=SimpleQueue)

    def end(self, outcome: BaseException | bool) -> None:
        """Tell whoever waits: an error, or whether there is a run; no run is a training for the command itself."""
        self.done.set()
        self.told.put(("end", outcome))


class Beside(Engine):
    """Trains what is begun ahead in processes of this machine, and all else in this one; to be used as a context.

    Args:
        watch: hears how many trainings run at once, and of processes that died.
    """

    room = 1  # of trials, for it begins them one after the other

    def __init__(self, watch: Notes | None = None) -> None:
        self.watch = watch
        self.jobs: dict[_Key, _Job] = {}
        self.waiting: deque[_Job] = deque()
        self.lanes: dict[Lane, threading.Thread] = {}
        self.lock, self.asked = threading.Lock(), 0  # the signal by which somebody asked

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(list(self.jobs), error is not None)
        for thread in list(self.lanes.values()):
            thread.join()

    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        """All that are missing, where more than one fits and that pays."""
        count, threads = shares(plans)
        wanted = {plan.id: plan for plan in plans if (folder, plan.id) not in self.jobs}
        missing = [plan for plan in wanted.values() if not is_over(folder, plan)]
        if count < 2 or not missing:
            return []
        jobs = [_Job(plan, folder, find_run(folder, plan) is None) for plan in missing]
        with self.lock:
            self.jobs |= {(folder, job.plan.id): job for job in jobs}
            self.waiting.extend(jobs)
            for _ in range(min(count, len(self.waiting)) - len(self.lanes)):
                lane = Lane(threads)
                self.lanes[lane] = threading.Thread(target=self._work, args=(lane,), daemon=True)
                self.lanes[lane].start()
        self._say("engine.beside", room=min(count, len(jobs)), threads=threads)
        return missing

    def drop(self, plans: Sequence[Plan], folder: Path, *, later: bool = False) -> None:
        """End what is under way; what was begun for nothing leaves nothing behind."""
        self._end([(folder, plan.id) for plan in plans], later)

    def _end(self, keys: Sequence[_Key], later: bool) -> None:
        with self.lock:
            dropped = [self.jobs.pop(key) for key in keys if key in self.jobs]
            for job in dropped:
                job.dropped = True
                if job in self.waiting:
                    self.waiting.remove(job)
                    job.done.set()
                elif job.lane is not None and not job.done.is_set():
                    job.lane.stop(at_once=not later)
        for job in dropped:
            if not job.done.wait(_PATIENCE) and job.lane is not None:
                job.lane.stop(at_once=True)
            job.done.wait()
            run = find_run(job.folder, job.plan)
            if job.fresh and not later and run is not None and not run.finished:
                shutil.rmtree(run.path, ignore_errors=True)

    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        """Wait for a training that was begun ahead; train any other now."""
        with self.lock:
            job = self.jobs.get((folder, plan.id))
        if job is None:
            return Local().train(plan, folder, progress)
        try:
            with _heard(self._ask):
                outcome = heard_out(job.told, progress)
        except BaseException:
            self.drop([plan], folder, later=True)
            raise
        with self.lock:
            self.jobs.pop((folder, plan.id), None)
        if self.asked and not isinstance(outcome, TunebookError):
            hear_again(self.asked)
        if isinstance(outcome, BaseException):
            raise outcome
        run = find_run(folder, plan)
        return run if outcome and run is not None else Local().train(plan, folder, progress)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Hold the processes."""
        with self.lock, ExitStack() as held:
            for lane in self.lanes:
                held.enter_context(lane.held())
            yield

    def _ask(self, number: int) -> None:
        """Somebody wants the command to end: all trainings keep where they are. A second time they end at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = number
        with self.lock:
            waiting, self.waiting = self.waiting, deque()
            for job in waiting:
                job.end(interrupted(job.plan, job.folder))
            for lane in self.lanes:
                lane.stop(at_once=False)

    def _work(self, lane: Lane) -> None:
        """Train in a process what waits, until nothing does or the process has ended."""
        with lane:
            while (job := self._next(lane)) is not None:
                try:
                    outcome = lane.train(job.plan, job.folder, job.told.put)
                except EOFError:
                    self._gone(job, lane)
                    break
                except Exception as error:  # what it said cannot be read here: who waits is told
                    job.end(error)
                    break
                job.end(True if outcome is None else outcome)
        with self.lock:
            del self.lanes[lane]
            left, self.waiting = (self.waiting, deque()) if not self.lanes else (deque(), self.waiting)
        for job in left:
            job.end(False)

    def _next(self, lane: Lane) -> _Job | None:
        with self.lock:
            if not self.waiting:
                return None
            job = self.waiting.popleft()
            job.lane = lane
            return job

    def _gone(self, job: _Job, lane: Lane) -> None:
        """A process has ended in the middle of a training: if nobody wanted that, one that is left goes on with it,
        or in the end the command."""
        if job.dropped or self.asked:
            job.end(interrupted(job.plan, job.folder))
            return
        self._say("engine.died", table=f"v{job.plan.table_version}", seed=job.plan.seed, reason=lane.reason())
        with self.lock:
            job.lane = None
            self.waiting.appendleft(job)

    def _say(self, code: str, **fields: Any) -> None:
        if self.watch is not None:
            self.watch.note(say(code, **fields))


@contextmanager
def _heard(ask: Callable[[int], None]) -> Iterator[None]:
    """Inside, Ctrl-C, a polite kill and a terminal that is gone ask."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        ask(number)

    heard = [number for number in _ASKING if signal.getsignal(number) is not signal.SIG_IGN]  # as of `nohup`
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["Beside"]
