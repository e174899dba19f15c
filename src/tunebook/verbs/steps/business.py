"""Metrics of the owner's: what each answer is worth, by a file of costs, a column of the rows, or a function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.business import Business
from tunebook.core.errors import BookError, PlanError
from tunebook.core.files import content_id, file_id
from tunebook.core.locations import BOOK_FILE
from tunebook.core.metric import Metric
from tunebook.core.nouns import DataRef, Interval, Labels
from tunebook.core.own_code import ALLOW, allowed, function_of, trouble
from tunebook.core.registry import task_of
from tunebook.core.task import Task
from tunebook.data.votes import OWN
from tunebook.verbs.steps.cost_table import LARGEST, cost_table, number_of

Array = NDArray[Any]
Said = Sequence[Mapping[str, Any] | None]  # answers in words, as `Task.say` gives them; None where nothing was said
_MISSED, _WRONG = "missed", "wrong"
_ROWS_NAMED = 3


@dataclass(frozen=True)
class OwnMetric:
    """One section `[business.NAME]`, bound to rows with labels.

    Attributes:
        book: folder of the book, in which its file lies.
    """

    name: str
    asked: Business
    book: Path
    task: Task
    rows: Rows
    labels: Labels

    @property
    def sign(self) -> int:
        """1 where more of it is better, -1 where less is."""
        return self.asked.sign

    @property
    def file(self) -> Path | None:
        """What is read of the book's folder; None for a column.

        Raises:
            BookError: `business.file`, it lies elsewhere or is not there.
        """
        named = self.asked.costs or self.asked.function.rpartition(":")[0]
        if not named:
            return None
        path = (self.book / named).resolve()
        if not path.is_relative_to(self.book.resolve()) or not path.is_file():
            raise BookError("business.file", key=self._key, value=named, book=str(self.book))
        return path

    @property
    def id(self) -> str:
        """Hash of all that decides it beside rows and answers. Raises as `file`."""
        return decided_by(self.asked, self.file)

    @property
    def _key(self) -> str:
        way = next(way for way in ("costs", "column", "function") if getattr(self.asked, way))
        return f"[business.{self.name}] {way}"

    def check(self) -> None:
        """Refuse what cannot be worked out, before anything is asked.

        Raises:
            BookError: `business.name`, a metric or a guardrail of that name is there already; what `values` raises of
                the file or the column.
        """
        from tunebook.core.verdict import GUARDS, RETENTION

        taken = (*GUARDS, RETENTION, *(metric.key for metric in self.task.metrics(self.labels)))
        if self.name in taken:
            raise BookError("business.name", key=f"[business.{self.name}]", value=self.name)
        if self.asked.costs:
            _ = self.costs
        elif self.asked.column:
            _ = self._column
        else:
            _ = self._function

    def metric(self) -> Metric:
        """As all that scores answers takes it: the mean of the rows' values."""
        from tunebook.stats.intervals import of_mean

        better, ends = "less" if self.asked.less else "more", {"low": -math.inf, "high": math.inf}
        return Metric(self.name, self._rows, better=better, unit="own", interval=of_mean, **ends)  # type: ignore[arg-type]

    def _rows(self, answers: Array, targets: Array, labels: Labels) -> Array:
        return self.values(self.said(answers, labels))

    def said(self, answers: Array, labels: Labels | None = None) -> Said:
        """Answers (N, k) in words; None for a row without any, as of a run that has no model."""
        there = np.flatnonzero(~np.isnan(answers).all(axis=1))
        words = self.task.say(answers[there], self.rows.at(there.tolist()), labels or self.labels)
        found: list[Mapping[str, Any] | None] = [None] * len(answers)
        for place, answer in zip(there.tolist(), words, strict=True):
            found[place] = answer
        return found

    def values(self, said: Said) -> NDArray[np.float64]:
        """What each answer is worth, or costs, shape (N,).

        Raises:
            BookError: `business.kind`, rows have no classes that costs could be of; `business.costs`, the file does not
                hold a number for each pair of classes; `business.column`, the rows have no such column, or it holds
                something else than numbers; `business.code`, the function may not be run; `business.function`, it
                does not work.
        """
        if self.asked.costs:
            return self._by_costs(said)
        if self.asked.column:
            counts = self.asked.counts == "right"
            right = np.array([self._right(answer, row) for row, answer in enumerate(said)], dtype=bool)
            return np.where(right == counts, self._column, 0.0)
        return self._by_function(said)

    def at(self, places: Sequence[int]) -> OwnMetric:
        """The same of some of the rows."""
        other = {name: [column[place] for place in places] for name, column in self.rows.other.items()}
        some = self.rows.at(places)
        return OwnMetric(self.name, self.asked, self.book, self.task, replace(some, other=other), self.labels)

    @cached_property
    def _true(self) -> list[Any]:
        assert self.rows.targets is not None
        return self.task.true(self.rows.targets, self.rows, self.labels)

    def _right(self, answer: Mapping[str, Any] | None, row: int) -> bool:
        if answer is None:
            return False
        return self.task.badness({"true": self._true[row], **answer}, self.labels) is None

    @cached_property
    def _answer(self) -> str:
        """The key of the answer itself in what is said."""
        return next(iter(self.task.blank(self.labels)))

    def _label(self, answer: Mapping[str, Any] | None) -> Any:
        return None if answer is None else answer[self._answer]

    def _by_costs(self, said: Said) -> NDArray[np.float64]:
        costs, place = self.costs, {name: number for number, name in enumerate(self.labels.names)}
        if self.labels.kind.classes == "several":
            return np.array([self._of_several(answer, true) for answer, true in zip(said, self._true, strict=True)])
        worst = costs.max(axis=1)
        rows = [place[str(true)] for true in self._true]
        given = [self._label(answer) for answer in said]
        return np.array(
            [worst[row] if label is None else costs[row, place[label]] for row, label in zip(rows, given, strict=True)]
        )

    def _of_several(self, answer: Mapping[str, Any] | None, true: Sequence[str]) -> float:
        """The costs of what is missed and what is wrongly given; where nothing was said, of all that can be wrong."""
        given = set(self.labels.names) - set(true) if answer is None else set(answer[self._answer])
        missed, wrong = set(true) - given, given - set(true)
        rows = zip(self.labels.names, self.costs, strict=True)
        return float(sum((name in missed) * line[0] + (name in wrong) * line[1] for name, line in rows))

    @cached_property
    def costs(self) -> NDArray[np.float64]:
        """Costs (C, C) of saying a class, the columns, where another is true; of several labels (C, 2)."""
        if self.labels.kind.classes == "none":
            raise BookError("business.kind", key=self._key, value=self.labels.problem)
        path, names = self.file, self.labels.names
        assert path is not None
        columns = [_MISSED, _WRONG] if self.labels.kind.classes == "several" else names
        return cost_table(path, self._key, names, columns)

    @cached_property
    def _column(self) -> NDArray[np.float64]:
        name = self.asked.column
        kept = f"source_{name}" if name in OWN else name
        cells = self.rows.other.get(kept)
        if cells is None:
            allowed = " | ".join(column for column in self.rows.other if not column.startswith("_")) or "–"
            raise BookError("business.column", key=self._key, value=name, reason="", allowed=allowed)
        numbers = [number_of(cell) for cell in cells]
        bad = [str(self.rows.ids[row]) for row, number in enumerate(numbers) if number is None]
        if bad:
            shown = ", ".join(bad[:_ROWS_NAMED]) + (" …" if len(bad) > _ROWS_NAMED else "")
            raise BookError("business.cells", key=self._key, value=name, count=len(bad), rows=shown)
        return np.array(numbers, dtype=np.float64)

    @cached_property
    def _function(self) -> Any:
        path = self.file
        assert path is not None
        if not allowed():
            raise BookError("business.code", key=self._key, value=self.asked.function, allowed=f"{ALLOW}=1")
        try:
            return function_of(path, self.asked.function.rpartition(":")[2])
        except (Exception, SystemExit) as error:  # whatever the user's file does wrong
            raise self._failed(error) from error

    def _failed(self, error: BaseException, reason: str = "") -> BookError:
        path = self.file
        assert path is not None
        line, words = trouble(error, path)
        return BookError("business.function", key=self._key, value=f"{path.name}:{line or '?'}", reason=reason or words)

    def _by_function(self, said: Said) -> NDArray[np.float64]:
        labels = [self._label(answer) for answer in said]
        scores = [None if answer is None else answer.get("scores") or answer.get("score") for answer in said]
        try:
            found = np.asarray(list(self._function(list(self._true), labels, scores, self._table)), dtype=np.float64)
            if found.shape != (len(self.rows),):
                shape = " x ".join(map(str, found.shape))
                raise ValueError(f"it returns {shape} values for {len(self.rows)} rows")
            if (bad := np.flatnonzero(~(np.abs(found) <= LARGEST))).size:
                raise ValueError(f"the value of row {bad[0]} is no number, or beyond {LARGEST:g}")
        except BookError:
            raise
        except (Exception, SystemExit) as error:  # whatever the user's function does wrong
            raise self._failed(error) from error
        return found

    @cached_property
    def _table(self) -> Any:
        """The rows as an Arrow table: `id`, `text`, `pair` where there is one, and all columns that no part takes."""
        import pyarrow as pa

        rows = self.rows
        own = {"id": list(map(str, rows.ids)), "text": list(rows.texts)}
        own |= {} if rows.pairs is None else {"pair": list(rows.pairs)}
        return pa.table({**{name: list(column) for name, column in rows.other.items()}, **own})


def decided_by(asked: Business, file: Path | None) -> str:
    """Hash of what decides a metric beside rows and answers: its section, and its file."""
    return content_id([asked.model_dump(exclude={"unit"}), "" if file is None else file_id(file)])


def own_metrics(data: DataRef, rows: Rows, labels: Labels | None = None) -> dict[str, OwnMetric]:
    """Name -> metric of the owner's, of the book that prepared rows lie in, bound to labelled rows; empty where
    book.toml has none.

    Args:
        labels: of the targets; None for those of the data.

    Raises:
        BookError: `book.file`, book.toml cannot be read.
    """
    from tunebook.verbs.steps.book import Book

    book = data.path.absolute().parent
    if rows.targets is None or not (book / BOOK_FILE).is_file():
        return {}
    task = task_of(data.task)()
    return {
        name: OwnMetric(name, asked, book, task, rows, labels or data.labels)
        for name, asked in Book(book).file.business.items()
    }


def scored(
    metrics: Mapping[str, OwnMetric], answers: Array, groups: Array | None
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Value and interval of each. Raises as `OwnMetric.check` and `OwnMetric.values`."""
    values: dict[str, float] = {}
    ends: dict[str, Interval] = {}
    for name, own in metrics.items():
        own.check()
        metric = own.metric()
        assert own.rows.targets is not None and metric.interval is not None
        parts = metric.rows(answers, own.rows.targets, own.labels)
        values[name] = metric.value(parts)
        if (interval := metric.interval(parts, groups)) is not None:
            ends[name] = interval
    return values, ends


def named(metrics: Mapping[str, OwnMetric], name: str, key: str) -> OwnMetric:
    """One of them. Raises a PlanError, `business.unknown`."""
    if name not in metrics:
        raise PlanError("business.unknown", key=key, value=name, allowed=" | ".join(metrics) or "–")
    return metrics[name]


__all__ = ["OwnMetric", "Said", "decided_by", "named", "own_metrics", "scored"]
