"""Trainings as tasks of a Ray cluster, which shares no file system with this machine.

Rows and base models go into the object store once, and each machine unpacks them once. A run that ended comes back as
bytes and is put into its folder of runs at once, so that nothing that came back is trained again. A task whose machine
dies is begun anew on another one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from tunebook.core.errors import MachineError, RunError, TunebookError, machine_error
from tunebook.core.localized import STORED
from tunebook.core.messages import say
from tunebook.core.nouns import Plan
from tunebook.core.progress import Notes, Progress, Silent
from tunebook.verbs.engines.arrived import put_away
from tunebook.verbs.engines.far import Back, Order
from tunebook.verbs.engines.joined import Nodes, joined, left
from tunebook.verbs.engines.parcels import Load, load_of, travels
from tunebook.verbs.engines.seam import Engine, Local, Needs, Spreads, Work
from tunebook.verbs.engines.tasks import Letters, part_task, train_task
from tunebook.verbs.engines.told import Event, heard_out
from tunebook.verbs.steps.diverged import is_over
from tunebook.verbs.steps.runs import Run, find_run

_WAIT = 0.2  # seconds between two looks at the letters
_PATIENCE = 30.0  # seconds for what has just come back to be put away
_RETRIES = 3  # other machines that a training is begun on anew, where its machine dies
_PASSED = ("TUNEBOOK_LANG", "TUNEBOOK_ALLOW_CODE", "TOKENIZERS_PARALLELISM")
P = TypeVar("P")
T = TypeVar("T")
_Key = tuple[Path, str]


@dataclass
class _Job:
    """A training under way: where its run belongs, and what it has told."""

    plan: Plan
    folder: Path
    arm: bool
    reference: Any
    told: SimpleQueue[Event] = field(default_factory=SimpleQueue)


class Ray(Engine, Spreads):
    """A Ray cluster, to be used as a context.

    Args:
        address: of its head, HOST:PORT; empty for that of RAY_ADDRESS, and without it for one on this machine alone,
            which ends with the context.
        watch: hears which machine trains what.

    Raises:
        MachineError: `machine.extra`, Ray is not installed; `engine.address`, nothing answers; `engine.room`, no
            machine has room for a training; `engine.versions`, a machine has other versions, or none.
    """

    def __init__(self, address: str = "", watch: Notes | None = None) -> None:
        self.address, self.watch = address, watch
        self.jobs: dict[_Key, _Job] = {}
        self.turns: dict[_Key, Lock] = {}
        self.sent: dict[str, Any] = {}
        self.loads: dict[Needs, Load] = {}
        self.closing, self.lock = Flag(), Lock()
        self.lost: MachineError | None = None

    def __enter__(self) -> Self:
        self.nodes: Nodes = joined(self.address)
        self.ray, self.room = self.nodes.ray, self.nodes.room
        self._say("engine.begins", machines=self.nodes.count, room=self.room, threads=self.nodes.threads)
        self.letters = self.ray.remote(num_cpus=0)(Letters).options(scheduling_strategy=self.nodes.here).remote()
        self.collector = Thread(target=self._collect, daemon=True)
        self.collector.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.collector.join(_PATIENCE)
        self._cancel(list(self.jobs))
        left(self.nodes)

    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        """All that are missing: the cluster keeps those waiting that it has no room for."""
        missing = [plan for plan in plans if travels(plan) and not is_over(folder, plan)]
        fresh = [plan for plan in missing if (folder, plan.id) not in self.jobs]
        for plan in fresh:
            self._submit(plan, folder, arm=True)
        return fresh

    def drop(self, plans: Sequence[Plan], folder: Path, *, later: bool = False) -> None:
        """Cancel what is under way, of which nothing is here."""
        self._cancel([(folder, plan.id) for plan in plans])

    def _cancel(self, keys: Sequence[_Key]) -> None:
        with self.lock:
            jobs = [self.jobs.pop(key) for key in keys if key in self.jobs]
        for job in jobs:
            self.ray.cancel(job.reference)
            job.told.put(("end", RunError("run.interrupted", key=job.plan.id, value="–")))

    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        """Wait for a training, which begins now where it was not begun ahead.

        Of several that ask for the same one, as trials with the same values do, one hears it; the others
        find its run.
        """
        with self.lock:
            turn = self.turns.setdefault((folder, plan.id), Lock())
        with turn:
            return self._train(plan, folder, progress)

    def _train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        with self.lock:
            job = self.jobs.get((folder, plan.id))
        run = find_run(folder, plan) if job is None else None
        if run is not None and run.finished:
            _ = run.model
            return run
        if not travels(plan):
            return Local().train(plan, folder, progress)
        job = job or self._submit(plan, folder, arm=False)
        try:
            outcome = heard_out(job.told, progress)
        except BaseException:
            self.drop([plan], folder)
            raise
        if isinstance(outcome, BaseException):
            raise outcome
        ended: Run = outcome
        return ended

    def still(self) -> AbstractContextManager[None]:
        """Trainings are on machines of their own."""
        return nullcontext()

    def spread(self, work: Work[P, T], parts: Sequence[P], needs: Needs, progress: Progress | None) -> list[T]:
        """Each part as a task."""
        order, parcels = self._order(needs)
        task = self._task(part_task)
        references = [task.remote(order, parcels, work, part) for part in parts]
        watch = progress or Silent()
        watch.start("spread", len(parts))
        found: dict[Any, T] = {}
        try:
            while len(found) < len(references):
                left = [reference for reference in references if reference not in found]
                for reference in self.ray.wait(left, num_returns=1, timeout=None)[0]:
                    found[reference] = self._part(reference)
                    watch.advance(1)
        except BaseException:
            for reference in references:
                self.ray.cancel(reference)
            raise
        watch.finish()
        return [found[reference] for reference in references]

    def _part(self, reference: Any) -> Any:
        try:
            found = self.ray.get(reference)
        except self.ray.exceptions.RayError as error:
            raise _failed(error) from error
        if isinstance(found, TunebookError):
            raise found
        return found

    def _task(self, function: Callable[..., Any]) -> Any:
        """A function as a task that is begun anew elsewhere where its machine dies."""
        return self.ray.remote(max_retries=_RETRIES, scheduling_strategy="SPREAD", **self.nodes.each)(function)

    def _order(self, needs: Needs) -> tuple[Order, dict[str, Any]]:
        """What goes with a task: what it needs, and place -> reference of each parcel, which is stored once."""
        with self.lock:
            if needs not in self.loads:
                self.loads[needs] = load_of(needs)
            load = self.loads[needs]
            for parcel in load.parcels:
                if parcel.place not in self.sent:
                    self.sent[parcel.place] = self.ray.put(parcel.content())
        told = {name: os.environ[name] for name in _PASSED if name in os.environ}
        order = Order(load.folders, load.models, load.sizes, self.nodes.threads, self.nodes.needs, told)
        return order, {parcel.place: self.sent[parcel.place] for parcel in load.parcels}

    def _submit(self, plan: Plan, folder: Path, *, arm: bool) -> _Job:
        order, parcels = self._order(Needs((plan.data_path,), (plan.model,)))
        text, name = plan.model_dump_json(context=STORED), f"{folder}\0{plan.id}"
        with self.lock:  # nothing that it tells comes before it is known
            if self.lost is not None:
                raise self.lost
            reference = self._task(train_task).remote(order, parcels, text, self.letters, name)
            self.jobs[folder, plan.id] = job = _Job(plan, folder, arm, reference)
        return job

    def _collect(self) -> None:
        """Hand out letters and put runs away, until the context ends."""
        try:
            while not self.closing.is_set():
                self._look()
        except BaseException as error:  # the cluster is gone
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            with self.lock:
                self.lost = MachineError("engine.lost", key=self.address or "ray", reason=reason)
                jobs, self.jobs = list(self.jobs.values()), {}
            for job in jobs:
                job.told.put(("end", self.lost))

    def _look(self) -> None:
        with self.lock:
            jobs = {job.reference: key for key, job in self.jobs.items()}
        if jobs:
            ended, _ = self.ray.wait(list(jobs), num_returns=len(jobs), timeout=_WAIT)
        else:
            ended = []
            time.sleep(_WAIT)
        for name, events in self.ray.get(self.letters.take.remote()):
            folder, _, plan = name.rpartition("\0")
            self._hand((Path(folder), plan), events)
        for reference in ended:
            with self.lock:
                job = self.jobs.get(jobs[reference])
            if job is not None:
                outcome = self._outcome(job)
                with self.lock:  # not before its run is in its place
                    self.jobs.pop(jobs[reference], None)
                job.told.put(("end", outcome))

    def _hand(self, key: _Key, events: list[Event]) -> None:
        with self.lock:
            job = self.jobs.get(key)
        if job is None:  # nobody wants it any more
            return
        for event in events:
            if event[0] == "attempt":
                plan = job.plan
                table = f"v{plan.table_version}" if plan.table_version else plan.id
                self._say("engine.trains", table=table, seed=plan.seed, machine=event[1])
            job.told.put(event)

    def _say(self, code: str, **fields: Any) -> None:
        if self.watch is not None:
            self.watch.note(say(code, **fields))

    def _outcome(self, job: _Job) -> Run | BaseException:
        """The run, put into its folder; or why there is none."""
        errors = self.ray.exceptions
        try:
            back: Back = self.ray.get(job.reference)
            if not back.files:
                return back.error or RunError("engine.task", key="ray", reason="–")
            run = put_away(back, job.plan, job.folder, arm=job.arm)
            return back.error or run
        except TunebookError as error:
            return error
        except errors.OutOfMemoryError as error:
            from tunebook.engine.failures import no_memory

            found = no_memory(job.plan.params)
            found.__cause__ = error
            return found
        except errors.RayError as error:
            return _failed(error)
        except Exception as error:
            return machine_error(error, job.folder) or error


def _failed(error: Exception) -> RunError:
    """What becomes of a task that did not come to an end of its own."""
    return RunError("engine.task", key="ray", reason=" ".join(str(error).split())[:300])


__all__ = ["Ray"]
