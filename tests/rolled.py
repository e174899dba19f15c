"""A rollout without models: a request log in memory, and traffic that a router has divided between two answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.nouns import Estimate, Plan, write_json
from tunebook.core.operation import Rolling
from tunebook.core.settings import Settings
from tunebook.requests.columns import COLUMNS
from tunebook.requests.record import Answered, Feedback
from tunebook.rollout.router import HashRouter
from tunebook.rollout.state import State, state, write
from tunebook.verbs.steps.book import Book

HEALTHY = {"status": 200, "seconds": 0.02, "label": "c0"}


class MemoryLog:
    """The request log in lists."""

    name = "memory"

    def __init__(self) -> None:
        self.rows: list[Answered] = []
        self.told: dict[str, dict[tuple[str, int], Feedback]] = {}

    def append(self, rows: Sequence[Answered], batch: str = "") -> None:
        self.rows += rows

    def tell(self, rows: Sequence[Feedback], batch: str = "") -> int:
        for row in rows:
            self.told.setdefault(row.name, {})[row.request, row.number] = row
        return 0

    def answered(self, since=0.0, until=None, columns=None, **equal):
        found = [row for row in self.rows if since <= row.at and (until is None or row.at < until)]
        found.sort(key=lambda row: row.at)
        names = columns or COLUMNS
        kinds = {name: pa.type_for_alias(COLUMNS[name].arrow) for name in names}
        return pa.table({name: pa.array([getattr(row, name) for row in found], kinds[name]) for name in names})

    def feedback(self, name, since=0.0, until=None):
        rows = [
            row for row in self.told.get(name, {}).values() if since <= row.at and (until is None or row.at < until)
        ]
        words = name == "label" or any(isinstance(row.value, str) for row in rows)
        values = [str(row.value) if words else float(row.value) for row in rows]
        value = pa.array(values, pa.string() if words else pa.float64())
        parts = {part: [getattr(row, part) for row in rows] for part in ("request", "number", "at")}
        kinds = {"request": pa.string(), "number": pa.int64(), "at": pa.float64()}
        return pa.table({**{part: pa.array(parts[part], kinds[part]) for part in kinds}, "value": value})

    def names(self):
        return sorted(self.told)

    def close(self) -> None:
        pass


@dataclass
class Traffic:
    """Requests, one after the other, a tenth of a second apart, each answered and perhaps told of later.

    Attributes:
        answer: request number, whether the new one answers, its random number generator -> columns of `Answered`.
        tell: request number, columns of both answers by role -> name -> value; of what the user heard.
        users: so many who ask; 0 for one a request.
    """

    book: Book
    answer: Callable[[int, bool, np.random.Generator], dict[str, Any]] = lambda n, new, rng: HEALTHY
    tell: Callable[[int, dict[str, Any], np.random.Generator], dict[str, Any]] = lambda n, heard, rng: {}
    users: int = 0
    log: Any = field(default_factory=MemoryLog)
    seed: int = 0
    n: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.begin = state(self.book).begun

    @property
    def now(self) -> float:
        return self.begin + 0.1 * (self.n + 1)

    def go(self, count: int) -> Traffic:
        """So many requests more, at the stage that the rollout has now."""
        router = HashRouter(state(self.book))
        for _ in range(count):
            self.n += 1
            at = self.now - 0.05
            key = f"user-{self.rng.integers(self.users)}" if self.users else f"{self.seed}-{self.n}"
            choice = router.choose(key)
            heard = self._row(choice, choice.version, choice.role, at)
            self.log.append([heard])
            if choice.shadow:
                self.log.append([self._row(choice, choice.shadow, "shadow", at)])
            told = self.tell(self.n, {"label": heard.label, "role": heard.role}, self.rng)
            self.log.tell([Feedback(heard.request, 0, at + 0.01, name, value) for name, value in told.items()])
        return self

    def _row(self, choice: Any, version: str, role: Any, at: float) -> Answered:
        of = {**HEALTHY, **self.answer(self.n, role != "champion", self.rng)}
        return Answered(
            f"r{self.n}", 0, at, version, "", role, choice.stage, choice.unit, "predict", of["status"], "",
            of["seconds"], 0.0, 1, 1, 0, False, "", of["label"], 0.5,
        )  # fmt: skip


def make_run(book: Book, name: str, table: int | str = "champion", **changes: Any) -> None:
    """A finished run of a version, whose model is an empty file."""
    of = book.tables.get(table)
    made = {
        "task": book.data.task, "model": "x", "model_id": "x", "labels": book.data.labels, "techniques": {},
        "params": {**Settings().model_dump(), "warmup_steps": 1, "max_length": 20},
        "table": of.values_id, "table_version": of.version, "data": book.data.content,
        "data_path": Path(), "seed": 1, "versions": {}, **changes,
        "estimate": Estimate(seconds=1, memory_bytes=1, steps=1, parameters=1, trained=1),
    }  # fmt: skip
    folder = book.path / "runs" / name
    write_json(Plan(**made), folder / "plan.json")
    outcome = {"seconds": 1, "rows_per_second": 1, "peak_memory_bytes": 1, "steps": 1, "device": "cpu"}
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    (folder / "model").mkdir()
    (folder / "model" / "model.safetensors").write_bytes(b"")


def begun(book: Book, **rules: Any) -> State:
    """A rollout of run `b` beside run `a`, which is live."""
    live = write(book, state(book), "deploy", {"run": "a"})
    return write(book, live, "start", {"run": "b", "rules": Rolling(**rules).model_dump(mode="json")})
