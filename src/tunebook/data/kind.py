"""What a kind of target that stands in a column does with that column, from a file's cells to targets and words.

Such a kind is a file of `data/kinds/`; the pipeline from files to rows asks it and knows no kind by name.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import PlanError
from tunebook.core.kind import Kind
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.registry import kinds
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions


@dataclass(frozen=True)
class Labelled:
    """Labels of a column.

    Attributes:
        labels: problem and names.
        column: the label of each row, as prepared rows hold it; null where `bad`.
        bad: reason -> places of rows whose label cannot be used.
        facts: how the labels were written, for the figures of prepared rows; `known` reads other files by them.
        merged: label as written -> spelling that it was given, where the two differ.
        merged_rows: places of those rows.
        counts: label as written -> rows, of all that were used.
        marks: label that says that a row was not labelled -> rows; failed: error of a spreadsheet -> rows.
    """

    labels: Labels
    column: pa.Array
    bad: dict[str, Numbers]
    facts: dict[str, Any] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    merged_rows: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    counts: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


class ColumnKind(Kind):
    """A kind of target that stands in the column `label` of prepared rows.

    `find` and `known` read a column as a file has it; what they make of it is a column as prepared rows have it, and
    all other methods take such a one.
    """

    @abstractmethod
    def fits(self, column: pa.ChunkedArray) -> bool:
        """Whether a file's column is of this kind by its type alone, such as lists of places.

        Columns of text are told apart by their cells, when no kind fits.
        """

    @abstractmethod
    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """Names and tidy labels of the column of a file that rows are prepared from.

        Args:
            coded: the file says that the labels are numbers of named classes.

        Raises:
            DataError: the labels are of one class only, of too many, or not of this kind.
        """

    @abstractmethod
    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """The labels of another file's column as the book's prepared rows call them, and those that they lack.

        The first is of no use where there are any of the second.
        """

    @abstractmethod
    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """With what the training rows say: the ends of numbers, where a fresh head starts.

        Raises:
            DataError: `data.one_class`.
        """

    @abstractmethod
    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
        """What a model is trained on, a line a row: shape (N,), (N, classes) or as the kind says."""

    @abstractmethod
    def said(self, target: Any, labels: Labels) -> Any:
        """The target of one row in the user's words."""

    @abstractmethod
    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Names of the classes that the rows bear, one after the other; empty for numbers."""

    @abstractmethod
    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Each label as a text that is the same for the same label alone, for rows that come again."""

    @abstractmethod
    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """A number for each row, shape (N,): rows of each are shared out among the splits by themselves."""

    @abstractmethod
    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """How much the logarithm of the length of a text (N,) alone tells of its label, from 0 to 1."""

    @abstractmethod
    def vote(self, cell: str, data: DataRef) -> Any:
        """What an annotator says in a cell, in the book's words, to be hashed and compared; None for nothing."""

    @abstractmethod
    def nearness(self, vote: Any, target: Any, labels: Labels) -> float:
        """How near a vote is to a row's target, from 0 to 1."""

    @abstractmethod
    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """What is unusual about the labels of a file's column of that name."""


def column_kinds() -> dict[str, ColumnKind]:
    """Key -> kind, of those that stand in a column."""
    return {key: kind for key, kind in kinds().items() if isinstance(kind, ColumnKind)}


def column_kind(problem: str) -> ColumnKind:
    """The kind of this key.

    Raises:
        PlanError: `labels.kind`: there is none, or its targets stand in no column.
    """
    found = column_kinds().get(problem)
    if found is None:
        raise PlanError("labels.kind", key="problem", value=problem, allowed=" | ".join(sorted(column_kinds())))
    return found


def class_counts(column: pa.Array | pa.ChunkedArray, labels: Labels) -> dict[str, int]:
    """Name -> how often the rows bear it, every class in its order; empty for numbers."""
    flat = column_kind(labels.problem).borne(column)
    found = {item["values"]: item["counts"] for item in pc.value_counts(flat).to_pylist()}
    return {name: int(found.get(name, 0)) for name in labels.names}


__all__ = ["ColumnKind", "Labelled", "class_counts", "column_kind", "column_kinds"]
