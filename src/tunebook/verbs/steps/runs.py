"""A run: the folder of one training, with its plan, its model, its metrics and its report."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError, RunError
from tunebook.core.files import write_whole
from tunebook.core.folders import is_held, read_history, read_object
from tunebook.core.locations import PLAN, home_of, read_plan

if TYPE_CHECKING:
    from tunebook.core.nouns import Plan, Report

LOCK = ".lock"  # of a run: held by the process that trains it
TABLE = "table.json"  # of a run: its table, where that is no version of the book
_FAILED = "failed.json"
_ARM = "arm.json"
_OUTCOME = ("seconds", "rows_per_second", "peak_memory_bytes", "steps", "device")
_BEGUN = (PLAN, "outcome.json", "metrics.jsonl")
_TIME = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"(?P<time>\d{8}-\d{6})-(?P<plan>[0-9a-f]{12})(-(?P<number>\d+))?")


@dataclass(frozen=True)
class Run:
    """One training on disk.

    Files: plan.json, metrics.jsonl, looks/ (what its looks answered to the validation rows), model/ (loads with plain
    transformers), outcome.json once it is finished, report.json, report.html and predictions.jsonl once it is
    evaluated; those of another split than test in a folder of its name. SPLIT/logits.npz: what its model answered to a
    split, so that nobody asks it twice.
    """

    path: Path

    @property
    def id(self) -> str:
        """Name of its folder."""
        return self.path.name

    @property
    def book(self) -> Path:
        """The folder of its book."""
        return home_of(self.path) or self.path.parent.parent

    @property
    def plan(self) -> Plan:
        """What it was to do."""
        return read_plan(self.path)

    @property
    def plan_id(self) -> str:
        """Hash of its plan, as its folder's name says it; empty for a folder with a name of its own."""
        found = _NAME.fullmatch(self.id)
        return found["plan"] if found else ""

    @property
    def begun(self) -> str:
        """When it was begun, as its folder's name says it; empty for a folder with a name of its own."""
        return f"{when:%Y-%m-%d %H:%M}" if (when := self._named_time) else ""

    @property
    def begun_utc(self) -> str:
        """The same to the second, ISO 8601 in UTC, as the versions of a table tell theirs."""
        return when.astimezone(UTC).isoformat(timespec="seconds") if (when := self._named_time) else ""

    @property
    def _named_time(self) -> datetime | None:
        found = _NAME.fullmatch(self.id)
        with suppress(ValueError):
            return datetime.strptime(found["time"], _TIME) if found else None
        return None

    @property
    def is_arm(self) -> bool:
        """Whether a test began it, so that it is there to be compared."""
        return (self.path / _ARM).is_file()

    def as_arm(self) -> None:
        """Note that a test began it."""
        write_whole(self.path / _ARM, "{}\n")

    def as_own(self) -> None:
        """Note that it is there for its own sake, whoever began it."""
        (self.path / _ARM).unlink(missing_ok=True)

    @property
    def at_work(self) -> bool:
        """Whether a process trains it right now."""
        return is_held(self.path / LOCK)

    @property
    def finished(self) -> bool:
        """Whether it has a model."""
        return (self.path / "outcome.json").is_file()

    @property
    def model(self) -> Path:
        """The folder of its model.

        Raises:
            RunError: `run.unfinished`; `run.no_model`, it has finished, but its model is gone.
        """
        if not self.finished:
            raise RunError("run.unfinished", key=self.id)
        if not self.has_model:
            raise RunError("run.no_model", key=self.id)
        return self.path / "model"

    @property
    def has_model(self) -> bool:
        """Whether there are weights in the folder of its model."""
        return any((self.path / "model").glob("*.safetensors"))

    @property
    def outcome(self) -> dict[str, Any]:
        """Cost and proof: seconds, rows_per_second, peak_memory_bytes, counters ...; empty before its end."""
        if not self.finished:
            return {}
        return read_object(self.path / "outcome.json", *_OUTCOME)

    @property
    def failure(self) -> dict[str, Any]:
        """Why it could not go on, where that was written down and can be read: code, time, reason; empty else and once
        it finished."""
        with suppress(BookError):
            return {} if self.finished else read_object(self.path / _FAILED, "code")
        return {}

    def fail(self, facts: dict[str, Any]) -> None:
        """Write down why it could not go on: code, and whatever else is known."""
        write_whole(self.path / _FAILED, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")

    @property
    def validation_scores(self) -> dict[str, float]:
        """Scores on the validation rows of the checkpoint that was kept; empty before its end."""
        best = self.outcome.get("best_step")
        entries = [entry for entry in self.history if "eval_loss" in entry and best in (None, entry["step"])]
        return {name[5:]: value for name, value in (entries[-1] if entries else {}).items() if name.startswith("eval_")}

    @property
    def history(self) -> list[dict[str, float]]:
        """What was logged while it ran, or until it was killed."""
        return read_history(self.path / "metrics.jsonl")

    def results(self, split: str = "test") -> Path:
        """The folder of report and predictions: the run's own for the test split, one below it for another."""
        return self.path if split == "test" else self.path / split

    @property
    def report(self) -> Report | None:
        """What it is worth; None before it was evaluated."""
        from tunebook.core.nouns import Report, read_json

        path = self.path / "report.json"
        return read_json(Report, path) if path.is_file() else None


def runs_in(folder: Path) -> list[Run]:
    """The runs in a folder that were begun, damaged ones too, oldest first by what their names say: a copy may have
    lost all times."""
    found = map(Run, folder.iterdir()) if folder.is_dir() else ()
    return sorted(filter(_begun, found), key=_place)


def runs_named(folder: Path, name: str) -> list[Run]:
    """The run of this id, else those whose ids begin so; looks into no others."""
    near = [path for path in folder.iterdir() if path.name.startswith(name)] if folder.is_dir() else []
    found = sorted(filter(_begun, map(Run, near)), key=_place)
    return [run for run in found if run.id == name] or found


def _begun(run: Run) -> bool:
    return any(os.path.exists(f"{run.path}/{name}") for name in _BEGUN)  # noqa: PTH110  of hundreds in one call


def _place(run: Run) -> tuple[str, int, str]:
    """Where a run stands in the order of all; one with a name of its own comes first."""
    found = _NAME.fullmatch(run.id)
    return (found["time"], int(found["number"] or 1), run.id) if found else ("", 0, run.id)


def find_run(folder: Path, plan: Plan) -> Run | None:
    """The newest run of exactly this plan; None if it was never begun."""
    found = [Run(path.parent) for path in folder.glob(f"*-{plan.id}*/{PLAN}")]
    return max(found, key=_place, default=None)


def new_run(folder: Path, plan: Plan) -> Run:
    """A fresh folder for a run of this plan: time and plan id, numbered if need be. Two processes never share one.

    The time is later than that of all runs there, whatever the clock says: their names tell their order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_later(folder)}-{plan.id}"
    for number in range(1, 1000):
        path = folder / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return Run(path)
    raise RunError("run.folder", key=str(folder))


def _later(folder: Path) -> str:
    """The time for a new run's name."""
    now = time.strftime(_TIME)
    last = max((found["time"] for name in folder.iterdir() if (found := _NAME.fullmatch(name.name))), default="")
    if now > last:
        return now
    try:
        return (datetime.strptime(last, _TIME) + timedelta(seconds=1)).strftime(_TIME)
    except (ValueError, OverflowError):  # no time that any clock has shown
        return now


def keep_table(plan: Plan, run: Run) -> None:
    """Write the table of a run that was planned from a changed version or from a file into the run's folder."""
    if plan.values:
        write_whole(run.path / TABLE, json.dumps(plan.values, indent=2, ensure_ascii=False) + "\n")


__all__ = ["LOCK", "TABLE", "Run", "find_run", "keep_table", "new_run", "runs_in", "runs_named"]
