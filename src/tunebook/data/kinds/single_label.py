"""One class a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kind import Classes, Link
from tunebook.core.nouns import Labels
from tunebook.data.labels import OneClassKind, codes_of, in_given_order
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class SingleLabel(OneClassKind):
    """The kind `single_label`: the column holds names, targets are class numbers, int64 (N,)."""

    key: ClassVar[str] = "single_label"
    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("text_classification", "embedding")
    single_for: ClassVar[tuple[str, ...]] = ("embedding",)
    classes: ClassVar[Classes] = "one"

    def outputs(self, names: Sequence[str]) -> int:
        """One a class."""
        return len(names)

    def named(self, names: list[str], options: DataOptions) -> Labels:
        """In the order of the names that were given, else of the labels."""
        return Labels(problem=self.key, names=in_given_order(names, options))

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """Class numbers (N,)."""
        return codes_of(column, labels)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """The correlation ratio eta²."""
        from tunebook.data.describe import eta_squared

        return eta_squared(logs, codes_of(column, labels))

    def nearness(self, vote: str, target: Any, labels: Labels) -> float:
        """Whether it is the same class."""
        return float(vote == labels.names[int(target)])


__all__ = ["SingleLabel"]
