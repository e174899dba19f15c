"""The study of a search: an Optuna study on disk that asks for tables and is told what they are worth."""

from __future__ import annotations

import math
import os
import random
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.errors import MachineError
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable, Record
from tunebook.core.params import Value
from tunebook.verbs.trials.space import Space
from tunebook.verbs.trials.trial import Done, Kind

State = Literal["complete", "pruned", "failed", "stopped", "running", "waiting"]
LOG = "study.log"
_STEPS = 1000  # steps of one seed in Optuna's count: more looks, and more blocks, than a run has
_P = 0.1  # Optuna's own threshold of the Wilcoxon test


class SearchSpec(Record):
    """What a search is, whatever its budget: the same specification goes on in the same study.

    Attributes:
        plan: id of the table's own plan: its values, the base model and the rows.
        seeds: every trial is trained with each of them.
    """

    outside: ClassVar[frozenset[str]] = frozenset({"table_version", "metric"})

    plan: str
    table_version: int
    metric: str
    space: Space
    seeds: list[int]
    prune: Literal["median", "wilcoxon", "none"] = "median"
    sampler: Literal["tpe", "random", "grid"] = "tpe"


class TrialRecord(Record):
    """One trial, for people and reports.

    Attributes:
        values: what the trial's table has on the rows that are varied.
        parent: the trial is the table that the search began with.
        score: the metric on the validation rows, the mean over the seeds; None unless complete.
        looks: the metric at each look of the first seed, or at each block of rows with the Wilcoxon test.
        why: reason of any state but `complete`.
    """

    number: int
    state: State
    values: dict[str, Value]
    parent: bool = False
    score: float | None = None
    scores: list[float] = Field(default_factory=list)
    looks: list[float] = Field(default_factory=list)
    seconds: float = 0.0
    runs: list[str] = Field(default_factory=list)
    why: str = ""


class Study:
    """A study in a folder; one process at a time.

    Args:
        folder: holds `study.log`, Optuna's journal; the caller keeps other processes away from it.
        table: the table that the search begins with.
        minutes: time of all sessions together; None for no limit.

    Raises:
        MachineError: `machine.extra`, Optuna is not installed.
    """

    def __init__(self, folder: Path, spec: SearchSpec, table: ParamTable, minutes: float | None = None) -> None:
        optuna = load_optuna()
        self.spec = spec
        self.present = spec.space.present(table)
        self.table = table
        self.limit = math.inf if minutes is None else minutes * 60
        self.study = optuna.create_study(
            storage=_storage(folder / LOG), study_name=spec.id, direction="maximize", load_if_exists=True
        )
        self.study.pruner = _pruner(spec)
        self.study.sampler = _sampler(spec, len(self._trials))
        self._running: dict[int, Any] = {}
        self._before = float(self.study.user_attrs.get("seconds", 0.0))
        self._begun = time.monotonic()
        self._points = _shuffled(spec.space.grid()) if spec.sampler == "grid" else []
        self._take_up()

    @property
    def _trials(self) -> list[Any]:
        found: list[Any] = self.study.get_trials(deepcopy=False)
        return found

    @property
    def seconds(self) -> float:
        """Time that the search has taken, all sessions together."""
        return self._before + time.monotonic() - self._begun

    @property
    def count(self) -> int:
        """Trials that count: those that ended, and those under way."""
        return sum(record.state not in ("stopped", "waiting") for record in self.records())

    def ask(self) -> tuple[int, dict[str, Value]] | None:
        """Number and values of the next trial; None when a grid has no further point, or the time is over."""
        if self.seconds >= self.limit or not self._queue():
            return None
        with _quiet():
            trial = self.study.ask()
            if trial.user_attrs.get("parent"):
                values = dict(self.present)
                fixed = self.spec.space.fixed(self.table)
                for axis in self.spec.space.axes:
                    if axis.name in fixed:
                        axis.draw(trial)
            else:
                values = self.spec.space.draw(trial)
        trial.set_user_attr("values", values)
        self._running[trial.number] = trial
        return trial.number, values

    def heed(self, number: int, place: int, kind: Kind, values: list[float]) -> str:
        """Take in what a running trial tells of its seed number `place`; why it is to stop, empty to go on."""
        trial = self._running[number]
        self._save_time()
        parent = bool(trial.user_attrs.get("parent"))
        if self.seconds >= self.limit and not parent:
            return say("search.why.time")
        known = self._trials[number].intermediate_values
        told = {place * _STEPS + step: value for step, value in enumerate(values) if math.isfinite(value)}
        wanted = "blocks" if self.spec.prune == "wilcoxon" else "look"
        if self.spec.prune == "none" or kind != wanted or (kind == "look" and place):
            return ""
        with _quiet():
            for step, value in told.items():
                if step not in known:
                    trial.report(value, step)
            hopeless = not parent and bool(told) and trial.should_prune()
        return self._why(number, place, values) if hopeless else ""

    def _why(self, number: int, place: int, values: list[float]) -> str:
        if self.spec.prune == "wilcoxon":
            return say("search.why.wilcoxon", best=self.study.best_trial.number, seeds=place + 1)
        return say("search.why.median", look=len(values), value=f"{max(values):.4g}")

    def tell(self, number: int, done: Done) -> None:
        """Write down how a trial ended."""
        from optuna.trial import TrialState

        trial = self._running.pop(number)
        trial.set_user_attr("done", asdict(done))
        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
        with _quiet():
            self.study.tell(trial, done.score, state=states.get(done.state, TrialState.FAIL))
        self._save_time()

    def records(self) -> list[TrialRecord]:
        """All trials, by number; what was interrupted and tried again comes as `stopped`."""
        return [_record(trial) for trial in self._trials]

    def _queue(self) -> bool:
        """See to it that there is something to ask for: the parent first, then the points of a grid."""
        from optuna.trial import TrialState

        trials = self._trials
        if not trials:
            self._enqueue(self.spec.space.fixed(self.table), parent=True)
            return True
        if self.spec.sampler != "grid" or any(trial.state == TrialState.WAITING for trial in trials):
            return True
        done = {trial.user_attrs.get("point") for trial in trials}
        left = [place for place in range(len(self._points)) if place not in done]
        if left:
            self._enqueue(self._points[left[0]], point=left[0])
        return bool(left)

    def _enqueue(self, values: dict[str, Value], **facts: Any) -> None:
        with _quiet():
            self.study.enqueue_trial(values, user_attrs=facts)

    def _take_up(self) -> None:
        """Put trials in line again that were running when the last session was killed, or had no time left."""
        from optuna.trial import TrialState

        taken = set(self.study.user_attrs.get("taken", []))
        for trial in self._trials:
            running = trial.state == TrialState.RUNNING
            if trial.number in taken or not (running or trial.user_attrs.get("done", {}).get("state") == "stopped"):
                continue
            facts = {name: value for name, value in trial.user_attrs.items() if name in ("parent", "point")}
            self._enqueue(trial.params, **facts)
            if (
                running
            ):  # its state is written last: killed in between, it is put in line once more, and no trial is lost
                self.study.tell(trial.number, state=TrialState.FAIL)
            self.study.set_user_attr("taken", sorted(taken := taken | {trial.number}))

    def _save_time(self) -> None:
        self.study.set_user_attr("seconds", self.seconds)


def _record(trial: Any) -> TrialRecord:
    facts = {**trial.user_attrs, **trial.user_attrs.get("done", {})}
    states = {"WAITING": "waiting", "RUNNING": "running"}
    state = states.get(trial.state.name) or facts.get("state", "stopped")
    interrupted = state == "stopped" and "state" not in facts
    return TrialRecord(
        number=trial.number,
        state=state,
        values=facts.get("values", trial.params),
        parent=bool(facts.get("parent")),
        score=trial.value if trial.state.name == "COMPLETE" else None,
        scores=facts.get("scores", []),
        looks=[trial.intermediate_values[step] for step in sorted(trial.intermediate_values)],
        seconds=facts.get("seconds", 0.0),
        runs=facts.get("runs", []),
        why=say("search.why.interrupted") if interrupted else facts.get("why", ""),
    )


def load_optuna() -> Any:
    """Optuna, silent but for errors.

    Raises:
        MachineError: `machine.extra`, it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise MachineError("machine.extra", key="optuna", extra="search") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _storage(path: Path) -> Any:
    """A journal: one line an event, on disk before the next; what a kill left of the last line is cut off."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    for left in path.parent.glob(f"{path.name}.*"):  # the lock of a process that was killed
        left.unlink()
    if path.is_file() and not (written := path.read_bytes()).endswith(b"\n"):
        os.truncate(path, written.rfind(b"\n") + 1)
    return JournalStorage(JournalFileBackend(str(path)))


def _pruner(spec: SearchSpec) -> Any:
    from optuna.pruners import MedianPruner, NopPruner, WilcoxonPruner

    if spec.prune == "wilcoxon":
        with _quiet():
            return WilcoxonPruner(p_threshold=_P)
    return MedianPruner() if spec.prune == "median" else NopPruner()


def _sampler(spec: SearchSpec, trials: int) -> Any:
    """A sampler whose draws differ from those of earlier sessions."""
    from optuna.samplers import RandomSampler, TPESampler

    return TPESampler(seed=trials) if spec.sampler == "tpe" else RandomSampler(seed=trials)


def _shuffled(points: list[dict[str, Value]]) -> list[dict[str, Value]]:
    return random.Random(0).sample(points, len(points))


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna warns of what is wanted here: experimental parts, and a table that lies outside of a range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


__all__ = ["LOG", "SearchSpec", "State", "Study", "TrialRecord", "load_optuna"]
