"""What a kind of target that stands in a column does with that column, from a file's cells to targets and words.

Such a kind is a file of `data/kinds/`; the pipeline from files to rows asks it and knows no kind by name.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError, PlanError, near
from tunebook.core.kind import Kind, kind_of, kinds
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


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
        changed: reason -> places of rows whose label was put right.
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
    changed: dict[str, Numbers] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A file's table whose targets fit their texts.

    Attributes:
        table: of the rows that are left; kept: which these are, shape (N,).
        faults, changed: reason -> places of rows that do not fit, and of those that were put right.
    """

    table: pa.Table
    kept: NDArray[np.bool_]
    faults: dict[str, list[int]]
    changed: dict[str, list[int]]


class ColumnKind(Kind):
    """A kind of target that stands in the column `label` of prepared rows.

    `find`, `known` and `words` read a column as a file has it (after `shaped`, and after its texts were cleaned); what
    `find` and `known` make of it is a column as prepared rows have it, and all other methods take such a one.
    """

    in_column: ClassVar[bool] = True
    of_words: ClassVar[bool] = False  # whether a text may be given as the list of its words
    pairs_for: ClassVar[tuple[str, ...]] = ()  # tasks for which two like texts and a number are of this kind
    single_for: ClassVar[tuple[str, ...]] = ()  # tasks that learn this kind of single texts only
    of_passages: ClassVar[bool] = False  # whether a text is a query, and its target names passages
    of_chats: ClassVar[tuple[str, ...]] = ()  # tasks whose rows are conversations
    places_in: ClassVar[str] = "text"  # which of a row's texts the places of a target lie in: `text` or `pair`
    joins: ClassVar[bool] = False  # whether rows of the same texts are one, with the targets of all
    otherwise: ClassVar[str] = "conflicts"  # warning of rows whose text bears another label elsewhere
    of_preferences: ClassVar[bool] = False  # whether a text is a prompt, and its target are answers that were judged

    @abstractmethod
    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, Any]] | None:
        """A file's table with one column of texts and one of labels, where it holds targets of this kind by its shape.

        Such are words and a tag each, of which the texts are made, and texts with a list of places. None for all other
        tables: of what kind a column of cells is, its cells say. Places lie in the text, or the row has none.

        Args:
            told: the columns that the user named, and those that the file's format knows.
            labelled: False for rows to predict, whose labels may be missing.

        Returns:
            the table, and part (`text`, `label`) -> column, None for one that is not played.

        Raises:
            DataError: it is of this kind, and cannot be used.
        """

    def checked(self, table: pa.Table, parts: dict[str, Any]) -> Checked | None:
        """A table that `shaped` put into shape, with targets that fit their texts; None where nothing is to be checked.

        Args:
            parts: those of `shaped`.
        """
        return None

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
    def words(self, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """Places of the words of each text (`WORDS`), where a file's column says them."""

    @abstractmethod
    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """With what the training rows say: the ends of numbers, where a fresh head starts.

        Raises:
            DataError: `data.one_class`.
        """

    @abstractmethod
    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
        """What a model is trained on, a line a row: shape (N,), (N, classes) or as the kind says."""

    def of_rows(self, rows: pa.Table, labels: Labels) -> NDArray[Any]:
        """The same of prepared rows, of a kind whose targets hang on their texts."""
        return self.targets(rows["label"], labels)

    def joined(self, column: pa.ChunkedArray, home: NDArray[np.int64]) -> pa.Array:
        """The targets of rows with those of all that have the same texts, of a kind that `joins` them.

        Args:
            home: of each row the first one of the same texts, shape (N,).
        """
        raise NotImplementedError

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

    def vote(self, cell: str, data: DataRef) -> Any:
        """What an annotator says in a cell, in the book's words, to be hashed and compared; None for nothing, as of a
        kind whose rows nobody votes on."""
        return None

    def nearness(self, vote: Any, target: Any, labels: Labels) -> float:
        """How near a vote is to a row's target, from 0 to 1; it is asked of votes that say something."""
        return 0.0

    def cut(self, texts: Sequence[str], data: DataRef) -> list[NDArray[np.int64]] | None:
        """Places of the words of texts that come without them, (words, 2) of each, where such a book's texts are made
        of words; None where they are not."""
        return None

    def agreed(self, first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[float, float]:
        """How much two annotators said alike, and how much at most: rows with the same cell, and rows of both."""
        import pyarrow.compute as pc

        equal = pc.drop_null(pc.equal(*map(_answers, (first, second))))
        return float(pc.sum(equal).as_py() or 0), float(len(equal))

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Figures of prepared rows that this kind alone has."""
        return {}

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """What those figures warn of."""
        return []

    @abstractmethod
    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """What is unusual about the labels of a file's column of that name."""


def _answers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    from tunebook.data.columns import text_column

    text = pc.utf8_trim_whitespace(text_column(column))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def column_kinds() -> dict[str, ColumnKind]:
    """Key -> kind, of those that stand in a column."""
    return {key: kind for key, kind in kinds().items() if isinstance(kind, ColumnKind)}


def column_kind(problem: str) -> ColumnKind:
    """The kind of this key.

    Raises:
        PlanError: `labels.kind`: there is none, or its targets stand in no column.
    """
    found = kind_of(problem)
    if not isinstance(found, ColumnKind):
        raise PlanError("labels.kind", key="problem", value=problem, allowed=" | ".join(sorted(column_kinds())))
    return found


def kinds_for(problem: str | None, task: str | None) -> list[ColumnKind]:
    """The kinds that rows may be of: the one that was told, else all that the task learns.

    Raises:
        DataError: `data.task`, the task learns no such kind; `data.no_task`, there is none that learns from rows.
    """
    kinds = list(column_kinds().values()) if problem is None else [column_kind(problem)]
    found = [kind for kind in kinds if task is None or task in kind.tasks]
    if not found:
        allowed = dict.fromkeys(name for kind in kinds for name in kind.tasks)
        known = {name for kind in column_kinds().values() for name in kind.tasks}
        code = "data.task" if task in known else "data.no_task"
        raise DataError(code, key="task", value=task, allowed=" | ".join(allowed), near=near(str(task), known))
    return found


def wants_passages(options: DataOptions) -> bool:
    """Whether somebody asked for queries with passages, by kind or by task. Raises as `kinds_for`."""
    return _asked(options) and any(kind.of_passages for kind in kinds_for(options.problem, options.task))


def wants_answers(options: DataOptions) -> bool:
    """Whether somebody asked for questions with answers that stand in a second text. Raises as `kinds_for`."""
    return _asked(options) and any(kind.places_in == "pair" for kind in kinds_for(options.problem, options.task))


def wants_preferences(options: DataOptions) -> bool:
    """Whether somebody asked for prompts with answers that were judged. Raises as `kinds_for`."""
    return _asked(options) and any(kind.of_preferences for kind in kinds_for(options.problem, options.task))


def _asked(options: DataOptions) -> bool:
    return options.problem is not None or options.task is not None


def wants_chats(options: DataOptions) -> bool:
    """Whether somebody asked for conversations: by a task that learns them, or by their kind alone."""
    if not _asked(options):
        return False
    named = column_kinds() if options.problem is None else {options.problem: column_kind(options.problem)}
    return any((options.task or kind.tasks[0]) in kind.of_chats for kind in named.values())


def wants_texts(options: DataOptions) -> bool:
    """Whether somebody asked for texts to be written, conversations or not."""
    return _asked(options) and any(kind.of_chats for kind in kinds_for(options.problem, options.task))


def class_counts(column: pa.Array | pa.ChunkedArray, labels: Labels) -> dict[str, int]:
    """Name -> how often the rows bear it, every class in its order; empty for numbers."""
    import pyarrow.compute as pc  # a model answers without Arrow

    flat = column_kind(labels.problem).borne(column)
    found = {item["values"]: item["counts"] for item in pc.value_counts(flat).to_pylist()}
    return {name: int(found.get(name, 0)) for name in labels.names}


__all__ = [
    "Checked", "ColumnKind", "Labelled", "class_counts", "column_kind", "column_kinds", "kinds_for", "wants_answers",
    "wants_chats", "wants_passages", "wants_preferences", "wants_texts",
]  # fmt: skip
