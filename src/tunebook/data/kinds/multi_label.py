"""Any number of classes a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kind import Classes, Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.kind import class_counts
from tunebook.data.label_cells import form_of, label_parts
from tunebook.data.label_names import known_name
from tunebook.data.labels import ClassKind, codes_of, in_given_order, rarest, refuse_one_class
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class MultiLabel(ClassKind):
    """The kind `multi_label`: the column holds lists of names, targets are 0 and 1, float32 (N, classes)."""

    key: ClassVar[str] = "multi_label"
    link: ClassVar[Link] = "sigmoid"
    tasks: ClassVar[tuple[str, ...]] = ("text_classification",)
    classes: ClassVar[Classes] = "several"

    def outputs(self, names: Sequence[str]) -> int:
        """One a class."""
        return len(names)

    def named(self, names: list[str], options: DataOptions) -> Labels:
        """In the order of the names that were given, else of the labels."""
        return Labels(problem=self.key, names=in_given_order(names, options))

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """A fresh head starts at the log-odds of each class's share."""
        refuse_one_class(self.borne(column))
        counts = class_counts(column, labels)
        shares = [(counts[name] + 0.5) / (len(column) + 1) for name in labels.names]  # never 0 or 1
        return labels.model_copy(update={"start": [float(np.log(share / (1 - share))) for share in shares]})

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.float32]:
        """0 and 1, shape (N, classes)."""
        rows, codes = self._places(column, labels)
        targets = np.zeros((len(column), len(labels.names)), dtype=np.float32)
        targets[rows, codes] = 1.0
        return targets

    def _places(self, column: pa.ChunkedArray, labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and class of each label."""
        import pyarrow.compute as pc

        array = column.combine_chunks()
        return pc.list_parent_indices(array).to_numpy().astype(np.int64), codes_of(pc.list_flatten(array), labels)

    def said(self, target: Any, labels: Labels) -> list[str]:
        """The names of the classes."""
        return [name for name, value in zip(labels.names, target, strict=True) if value]

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The names in all lists."""
        import pyarrow.compute as pc

        return pc.list_flatten(column)

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """The rarest of a row's classes; one more than there are for a row without any."""
        rows, codes = self._places(column, labels)
        return rarest(rows, codes, (len(column), len(labels.names)))

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """The correlation ratio eta² of the class for which it is largest."""
        from tunebook.data.describe import eta_squared

        return max(eta_squared(logs, has.astype(np.int64)) for has in self.targets(column, labels).T)

    def vote(self, cell: str, data: DataRef) -> tuple[str, ...]:
        """The names of classes, each once, in order."""
        return tuple(sorted({known_name(part, data) for part in label_parts(cell, form_of(data))}))

    def nearness(self, vote: tuple[str, ...], target: Any, labels: Labels) -> float:
        """How many classes both name, over those that either names (Jaccard)."""
        truth = set(self.said(target, labels))
        either = truth | set(vote)
        return len(truth & set(vote)) / len(either) if either else 1.0


__all__ = ["MultiLabel"]
