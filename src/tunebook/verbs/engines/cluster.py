"""Trainings as tasks of a Ray cluster, which shares no file system with this machine.

Rows and base models go into the object store once, and each machine unpacks them once. A run that ended comes back as
bytes and is put into its folder of runs at once, so that nothing that came back is trained again. A task whose machine
dies is begun anew on another one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from tunebook.core.errors import MachineError, RunError, TunebookError, machine_error
from tunebook.core.localized import STORED
from tunebook.core.messages import say
from tunebook.core.nouns import Plan
from tunebook.core.progress import Notes, Progress, Silent
from tunebook.verbs.engines.arrived import put_away
from tunebook.verbs.engines.far import Back, Order
from tunebook.verbs.engines.joined import Nodes, joined, left
from tunebook.verbs.engines.parcels import load_of
from tunebook.verbs.engines.seam import Engine, Local
from tunebook.verbs.engines.tasks import Letters, train_task
from tunebook.verbs.engines.told import Event, Hearer
from tunebook.verbs.steps.diverged import DIVERGED
from tunebook.verbs.steps.runs import Run, find_run

_WAIT = 0.2  # seconds between two looks at the letters
_RETRIES = 3  # other machines that a training is begun on anew, where its machine dies
_PASSED = ("TUNEBOOK_LANG", "TUNEBOOK_ALLOW_CODE", "TOKENIZERS_PARALLELISM")
_Key = tuple[Path, str]


@dataclass
class _Job:
    """A training under way: where its run belongs, and what it has told."""

    plan: Plan
    folder: Path
    arm: bool
    reference: Any
    told: SimpleQueue[Event] = field(default_factory=SimpleQueue)


class Ray(Engine):
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
        self.sent: dict[str, Any] = {}
        self.closing, self.lock = Flag(), Lock()

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
        self.collector.join()
        for job in self.jobs.values():
            self.ray.cancel(job.reference, force=True)
        left(self.nodes)

    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        """All that are missing: the cluster keeps those waiting that it has no room for."""
        missing = [plan for plan in plans if _travels(plan) and not _ended(folder, plan)]
        fresh = [plan for plan in missing if (folder, plan.id) not in self.jobs]
        for plan in fresh:
            self._submit(plan, folder, arm=True)
        return fresh

    def drop(self, plans: Sequence[Plan]) -> None:
        """Cancel what is under way."""
        wanted = {plan.id for plan in plans}
        with self.lock:
            dropped = [key for key in self.jobs if key[1] in wanted]
            jobs = [self.jobs.pop(key) for key in dropped]
        for job in jobs:
            self.ray.cancel(job.reference)

    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        """Wait for a training, which begins now where it was not begun ahead."""
        run = find_run(folder, plan)
        if run is not None and run.finished:
            _ = run.model
            return run
        if not _travels(plan):
            return Local().train(plan, folder, progress)
        with self.lock:
            job = self.jobs.get((folder, plan.id))
        job = job or self._submit(plan, folder, arm=False)
        hearer = Hearer(progress or Silent())
        try:
            while (event := job.told.get())[0] != "end":
                hearer.hear(event)
        except BaseException:
            self.drop([plan])
            raise
        hearer.unwind()
        if isinstance(event[1], BaseException):
            raise event[1]
        ended: Run = event[1]
        return ended

    def _submit(self, plan: Plan, folder: Path, *, arm: bool) -> _Job:
        load = load_of(plan)
        for parcel in load.parcels:
            if parcel.place not in self.sent:
                self.sent[parcel.place] = self.ray.put(parcel.content())
        order = Order(
            plan=plan.model_dump_json(context=STORED),
            data=load.data,
            models=load.models,
            sizes={parcel.place: parcel.size for parcel in load.parcels},
            threads=self.nodes.threads,
            needs=self.nodes.needs,
            environment={name: os.environ[name] for name in _PASSED if name in os.environ},
        )
        task = self.ray.remote(max_retries=_RETRIES, scheduling_strategy="SPREAD", **self.nodes.each)(train_task)
        parcels = {parcel.place: self.sent[parcel.place] for parcel in load.parcels}
        key = (folder, plan.id)
        job = _Job(plan, folder, arm, task.remote(order, parcels, self.letters, f"{folder}\0{plan.id}"))
        with self.lock:
            self.jobs[key] = job
        return job

    def _collect(self) -> None:
        """Hand out letters and put runs away, until the context ends."""
        try:
            while not self.closing.is_set():
                self._look()
        except BaseException as error:  # the cluster is gone
            lost = MachineError("engine.lost", key=self.address or "ray", reason=f"{type(error).__name__}: {error}")
            with self.lock:
                jobs, self.jobs = list(self.jobs.values()), {}
            for job in jobs:
                job.told.put(("end", lost))

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
                job = self.jobs.pop(jobs[reference], None)
            if job is not None:
                job.told.put(("end", self._outcome(job)))

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
            return RunError("engine.task", key="ray", reason=" ".join(str(error).split())[:300])
        except Exception as error:
            return machine_error(error, job.folder) or error


def _travels(plan: Plan) -> bool:
    """Whether a plan can be trained on another machine: what it needs beside rows and base model is in the plan."""
    return plan.before is None and plan.continues is None and not plan.inputs


def _ended(folder: Path, plan: Plan) -> bool:
    """Whether a plan needs no training any more: its run finished, or diverged."""
    run = find_run(folder, plan)
    return run is not None and (run.finished or run.failure.get("code") == DIVERGED)


__all__ = ["Ray"]
