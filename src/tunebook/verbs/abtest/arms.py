"""The arms of a test: runs of one table with one seed after the other, trained once, taken up again, or counted out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import RunError, TunebookError
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.progress import Progress, Silent, tell
from tunebook.verbs.engines.seam import chosen
from tunebook.verbs.steps.diverged import DIVERGED, keep_diverged
from tunebook.verbs.steps.pace import pace_of
from tunebook.verbs.steps.runs import Run, find_run, runs_in

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

Load = Callable[[], "LoadedModel"]


@dataclass(frozen=True)
class Arm:
    """One table of a test, planned once.

    Attributes:
        table: the version.
        base: its plan with any seed.
        shift: added to every seed; not 0 where both arms are the same table.
    """

    table: ParamTable
    base: Plan
    shift: int = 0

    def plan(self, seed: int) -> Plan:
        """The plan with this seed: the same as planning anew, since nothing else in a plan hangs on the seed."""
        return self.base.with_seed((seed + self.shift) % 2**32)


@dataclass(frozen=True)
class Result:
    """A run of an arm: finished, or failed for good.

    Attributes:
        failed: code of the error that ended it; empty for a finished run.
        reused: it had been trained before this test began.
        seconds, peak_memory_bytes, device: what it cost, whenever that was.
        work: seconds of the processor that it would have taken alone; 0 where that is not known, or a GPU did the work.
    """

    run: Run
    plan: Plan
    failed: str
    reused: bool
    seconds: float
    peak_memory_bytes: int
    device: str
    work: float

    @property
    def folder(self) -> Path | None:
        """The folder of its model; None where a failed run had kept none."""
        path = self.run.path / "model"
        return path if path.is_dir() else None

    @cached_property
    def size(self) -> int:
        """Bytes of the model's weights; 0 without a model."""
        files = [file for kind in ("*.safetensors", "*.bin") for file in self.folder.rglob(kind)] if self.folder else []
        return sum(file.stat().st_size for file in files)

    def load(self) -> LoadedModel:
        """The model in memory.

        Raises:
            RunError: it has none.
        """
        from tunebook.engine.load import load_model

        if self.folder is None:
            raise RunError("run.unfinished", key=self.run.id)
        return load_model(self.folder, self.plan)


def known(folder: Path, plan: Plan) -> Result | None:
    """The result of a plan that was trained before; None where there is none, or it is not finished."""
    run = find_run(folder, plan)
    return None if run is None else ended(run, plan)


def ended(run: Run, plan: Plan) -> Result | None:
    """The result of a run; None where it has not ended for good."""
    if run.finished:
        return _result(run, plan, run.outcome)
    told = run.failure
    if told.get("code") == DIVERGED:  # what ran out of memory may go on elsewhere
        return _result(run, plan, told, DIVERGED)
    return None


def _result(run: Run, plan: Plan, cost: Mapping[str, Any], failed: str = "") -> Result:
    seconds = cost["seconds"] + cost.get("stage_seconds", 0.0)
    return Result(run, plan, failed, True, seconds, cost["peak_memory_bytes"], cost["device"], _work(cost))


def _work(cost: Mapping[str, Any]) -> float:
    parts = [cost, *cost.get("stages", [])]
    if cost["device"] != "cpu" or not all(part.get("processor_seconds") for part in parts):
        return 0.0
    return float(sum(part["processor_seconds"] + part.get("borrowed_seconds", 0.0) for part in parts))


def trained(folder: Path, plan: Plan, progress: Progress | None = None) -> Result:
    """Train a plan, or take the run that there is; a run that diverges is a result too.

    Memory of the run before is given back first, so that the peak is this run's own.

    Raises:
        RunError: interrupted, busy elsewhere, or a technique never acted. MachineError: memory or disk ran out; the
            same call again goes on.
    """
    before = known(folder, plan)
    if before is not None:
        return before
    from tunebook.engine.machine import release_memory

    release_memory()
    watch = Nested(progress or Silent())
    start = time.perf_counter()
    fresh = find_run(folder, plan) is None
    try:
        chosen().train(plan, folder, watch)
    except RunError as error:
        watch.unwind()
        if error.code != DIVERGED:
            raise
        if known(folder, plan) is None:  # it was trained here
            keep_diverged(folder, plan, error, time.perf_counter() - start)
    except BaseException:
        watch.unwind()
        raise
    finally:
        if fresh and (begun := find_run(folder, plan)) is not None:
            begun.as_arm()
    found = known(folder, plan)
    assert found is not None
    return replace(found, reused=False)


class Nested:
    """A watcher that remembers how much of the work it was told of is still open.

    A training that fails does not say that it is over; whoever caught the failure says it with `unwind`.
    """

    def __init__(self, inner: Progress) -> None:
        self.inner = inner
        self.open = 0

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins."""
        self.open += 1
        self.inner.start(what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done."""
        self.inner.advance(amount, **figures)

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        tell(self.inner, text)

    def finish(self) -> None:
        """The piece of work is over."""
        self.open -= 1
        self.inner.finish()

    def unwind(self) -> None:
        """All that is still open is over."""
        while self.open > 0:
            self.finish()


def expected_seconds(folder: Path, arm: Arm, seeds: list[int]) -> float:
    """Seconds that the missing runs of an arm will take: as its finished ones did, else as those of the same table did
    on other rows, else as the plan foretells at the pace of the last runs."""
    results = [known(folder, arm.plan(seed)) for seed in seeds]
    took = [result.seconds for result in results if result is not None and not result.failed]
    if not took and None in results:
        took = _of_table(folder, arm.base.table)
    each = sum(took) / len(took) if took else pace_of(folder).seconds(arm.base.whole)
    return each * sum(result is None for result in results)


def _of_table(folder: Path, values: str) -> list[float]:
    """Seconds of the finished runs with these values; one that cannot be read tells nothing."""
    found = []
    for run in runs_in(folder):
        with suppress(TunebookError, KeyError):
            if run.finished and run.plan.table == values:
                found.append(_result(run, run.plan, run.outcome).seconds)
    return found


__all__ = ["Arm", "Load", "Nested", "Result", "ended", "expected_seconds", "known", "trained"]
