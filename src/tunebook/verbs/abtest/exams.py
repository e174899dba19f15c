"""Rows that models are examined on, with their labels and what is worth what to the book's owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import rows_id
from tunebook.core.errors import DataError
from tunebook.core.files import file_id
from tunebook.core.nouns import DataRef, Split
from tunebook.core.registry import task_of
from tunebook.core.task import Rows
from tunebook.core.writes import texts_asked
from tunebook.data.external import external_rows
from tunebook.data.kind import column_kind
from tunebook.data.load import group_codes
from tunebook.verbs.steps.business import OwnMetric, own_metrics

Array = NDArray[Any]


@dataclass(frozen=True)
class Exam:
    """Rows with their labels.

    Attributes:
        name: `validation`, or the name of a file.
        place: folder in a run where the answers are kept.
        rows: texts and targets; never without targets.
        key: hash of texts and targets.
        groups: number of the group of each row, shape (N,); None where each row stands for itself.
        texts: answers have to hold what models write themselves, of tasks whose answers hold that.
        own: name -> metric of the book's owner, bound to the rows.
    """

    name: str
    place: str
    rows: Rows
    key: str
    groups: Array | None = None
    texts: bool = True
    own: Mapping[str, OwnMetric] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of groups; 0 where each row stands for itself."""
        return 0 if self.groups is None else len(np.unique(self.groups))

    @property
    def units(self) -> int | Array:
        """What `multi_bootstrap` draws: so many rows, or the groups that these numbers name."""
        return len(self.rows) if self.groups is None else self.groups

    @property
    def targets(self) -> Array:
        """The true labels, as `Rows.targets`."""
        assert self.rows.targets is not None
        return self.rows.targets


def split_exam(data: DataRef, split: Split, metric: str = "") -> Exam:
    """The rows of a split of the book.

    Args:
        metric: the one that is asked for; empty for all.

    Raises:
        DataError: the split is empty or damaged.
    """
    from tunebook.data.load import load

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows = load(data, split)
    own, groups = own_metrics(data, rows), group_codes(rows, data.roles)
    return Exam(split, split, rows, rows_id(rows), groups, whole_texts(data, metric), own)


def file_exam(data: DataRef, path: Path, metric: str = "") -> Exam:
    """The rows of a file, with texts, labels and groups under the book's column names and labels as in its data.

    Raises:
        DataError: as `external_rows`; `outside.no_spans`, no place is marked: no score says anything then.
    """
    rows = external_rows(data, path)
    if column_kind(data.labels.problem).of_words and not np.any(np.asarray(rows.targets)[:, 0]):
        raise DataError("outside.no_spans", key=str(path))
    own, groups = own_metrics(data, rows), group_codes(rows, data.roles)
    return Exam(path.name, f"challenges/{file_id(path)}", rows, rows_id(rows), groups, whole_texts(data, metric), own)


def whole_texts(data: DataRef, metric: str) -> bool:
    """Whether answers have to hold what models write, of tasks whose answers hold that, for a metric to be known; of
    one that is not the task's they do."""
    task = task_of(data.task)()
    known = any(one.key == metric for one in task.metrics(data.labels))
    return not known or texts_asked(task, data.labels, metric)


__all__ = ["Exam", "file_exam", "split_exam", "whole_texts"]
