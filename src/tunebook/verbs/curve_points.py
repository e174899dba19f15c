"""The points of a learning curve: each size and seed trained once, or answered by the frozen base model, and kept."""

from __future__ import annotations

import shutil
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tunebook.core.call_check import Allow
from tunebook.core.errors import PlanError
from tunebook.core.files import content_id, part_of
from tunebook.core.hooks import BaselineInput
from tunebook.core.kept_looks import FOLDER as LOOKS
from tunebook.core.nouns import DataRef, ParamTable, Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.data.subsets import beginning, nested_order, write_part
from tunebook.tables.in_force import settings_of
from tunebook.tables.make import child
from tunebook.verbs.abtest.arms import known, trained
from tunebook.verbs.abtest.scored import Answers, Exam, answers_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan

FROZEN = "frozen_logreg"  # the baseline that a quick curve is made of
Array = NDArray[Any]


@dataclass(frozen=True)
class Point:
    """A run of the curve.

    Attributes:
        rows: that were trained on; answers: to the validation rows, None of a run that came to nothing.
        seconds: that it took, whenever that was.
    """

    rows: int
    seed: int
    answers: Answers | None
    seconds: float


class Learner(Protocol):
    """What learns from some of the training rows and answers the validation rows."""

    def learn(self, places: Array, seed: int, progress: Progress | None) -> tuple[Answers | None, float]:
        """Answers after training on the rows at these places, None where it came to nothing, and its seconds."""


@dataclass
class Points:
    """The points of a curve in its folder.

    Attributes:
        whole: plan of the table on all rows.
    """

    book: Book
    folder: Path
    whole: Plan
    exam: Exam
    learner: Learner
    _orders: dict[int, tuple[Array, Array]] = field(default_factory=dict)

    def places(self, size: int, seed: int) -> Array:
        """The training rows of a size: the beginning of the seed's order."""
        if seed not in self._orders:
            self._orders[seed] = nested_order(self.book.data, seed)
        order, units = self._orders[seed]
        return order[: beginning(units, size)]

    def kept(self, size: int, seed: int) -> Point | None:
        """A point that was trained before, by the hash of the plan and of its rows; None where there is none, or it is
        damaged."""
        places = self.places(size, seed)
        try:
            with self._file(places, seed).open("rb") as stream, np.load(stream) as stored:
                if str(stored["exam"]) != self.exam.key:
                    return None
                logits, aligned = stored["logits"], stored["aligned"]
                made = Answers(logits, aligned if aligned.size else None) if logits.size else None
                return Point(len(places), seed, made, float(stored["seconds"]))
        except (OSError, ValueError, LookupError, EOFError, BadZipFile, zlib.error):
            return None

    def buy(self, size: int, seed: int, progress: Progress | None = None) -> Point:
        """Train a point, or take the one that there is."""
        before = self.kept(size, seed)
        if before is not None:
            return before
        places = self.places(size, seed)
        found, seconds = self.learner.learn(places, seed, progress)
        nothing = np.zeros((0, 0), dtype=np.float32)
        logits = nothing if found is None else found.logits
        aligned = nothing if found is None or found.aligned is None else found.aligned
        with part_of(self._file(places, seed)) as part, part.open("wb") as stream:
            np.savez_compressed(stream, logits=logits, aligned=aligned, exam=self.exam.key, seconds=seconds)
        return Point(len(places), seed, found, seconds)

    def _file(self, places: Array, seed: int) -> Path:
        key = content_id([self.whole.with_seed(seed).id, np.sort(places).tolist()])
        return self.folder / "points" / f"{key}.npz"


@dataclass(frozen=True)
class Trained:
    """Trains the book's table: on all rows as a run of the book, on fewer in the folder of the curve, without a model
    when it has answered."""

    book: Book
    folder: Path
    table: ParamTable
    whole: Plan
    exam: Exam
    allow: Allow = frozenset()

    def learn(self, places: Array, seed: int, progress: Progress | None) -> tuple[Answers | None, float]:
        """As `Learner`.

        Raises:
            TunebookError: as `plan` and `train`; a run that diverged has no answers.
        """
        data = self.book.data
        if len(places) == data.rows["train"]:
            return self._answered(self.whole.with_seed(seed), self.book.path / "runs", progress)
        part = write_part(data, places)
        made = plan(self._table, part, seed=seed, allow=self.allow)
        found = self._answered(made, self.folder / "runs", progress)
        shutil.rmtree(part.path, ignore_errors=True)
        return found

    @cached_property
    def _table(self) -> ParamTable:
        """The table with what the plan of all rows made of its open rows: only the number of rows is to change."""
        settings, whole = settings_of(self.table), self.whole.params
        changed: dict[str, Any] = {}
        if settings.max_length is None:
            changed["max_length"] = whole.max_length
        if settings.length_bucketing == "auto":
            changed["length_bucketing"] = whole.length_bucketing
        return child(self.table, changed) if changed else self.table

    def _answered(self, made: Plan, folder: Path, progress: Progress | None) -> tuple[Answers | None, float]:
        result = known(folder, made) or trained(folder, made, progress)
        found = None if result.failed else answers_of(result, self.exam, progress=progress)
        if folder.parent == self.folder:
            for name in ("model", "checkpoints", LOOKS):
                shutil.rmtree(result.run.path / name, ignore_errors=True)
        return found, result.seconds


class Frozen:
    """A linear model on what the frozen base model makes of texts, each of which is read once.

    Raises:
        PlanError: `curve.frozen`, the task has no such model.
    """

    def __init__(self, data: DataRef, whole: Plan) -> None:
        from tunebook.data.load import load

        self.data, self.whole, self.known = data, whole, dict[str, Array]()
        self.train, self.validation = load(data, "train"), load(data, "validation")
        if FROZEN not in task_of(data.task)().baselines(self._given(np.arange(1), None)):
            raise PlanError("curve.frozen", key="--frozen", value=data.task)

    def learn(self, places: Array, seed: int, progress: Progress | None) -> tuple[Answers | None, float]:
        """As `Learner`; the seed chooses the rows, the model itself has none."""
        begun = time.perf_counter()
        made = task_of(self.data.task)().baselines(self._given(places, progress))[FROZEN]()
        return Answers(np.asarray(made, dtype=np.float32)), time.perf_counter() - begun

    def _given(self, places: Array, progress: Progress | None) -> BaselineInput:
        rows = self.train.at(np.sort(places).tolist())
        parts: Any = {"train": rows, "validation": self.validation}
        return BaselineInput(self.whole, self.data, "validation", parts, self._features(progress))

    def _features(self, progress: Progress | None) -> Callable[[Sequence[str]], NDArray[np.float32]]:
        def features(texts: Sequence[str]) -> NDArray[np.float32]:
            from tunebook.verbs.steps.answers import frozen_features

            if not self.known:
                both = (self.train, self.validation)
                every = {text for rows in both for column in (rows.texts, rows.pairs or ()) for text in column}
                names = sorted(every)
                self.known |= dict(zip(names, frozen_features(self.whole, names, progress), strict=True))
            return np.stack([self.known[text] for text in texts])

        return features


__all__ = ["FROZEN", "Frozen", "Learner", "Point", "Points", "Trained"]
