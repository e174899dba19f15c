"""One of several classes that have an order, learnt as the numbers 0 ... K-1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.kind import Classes, Link
from tunebook.core.nouns import Labels
from tunebook.data.label_names import in_order
from tunebook.data.labels import OneClassKind, codes_of
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa


class Ordinal(OneClassKind):
    """The kind `ordinal`: the column holds names, targets are their places from the lowest, float32 (N,)."""

    key: ClassVar[str] = "ordinal"
    link: ClassVar[Link] = "identity"
    tasks: ClassVar[tuple[str, ...]] = ("text_classification",)
    classes: ClassVar[Classes] = "ordered"

    def outputs(self, names: Sequence[str]) -> int:
        """The number."""
        return 1

    def named(self, names: list[str], options: DataOptions) -> Labels:
        """In the order that was told."""
        order = options.label_order or []
        extra = in_order(set(names) - set(order))
        if extra or len(set(order)) < max(2, len(order)):
            missing, allowed = ", ".join(extra[:10]) or "–", ", ".join(in_order(names)[:30])
            raise DataError("data.label_order_wrong", key="label_order", value=order, allowed=allowed, missing=missing)
        return Labels(problem=self.key, names=list(order), low=0.0, high=float(len(order) - 1))

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.float32]:
        """Places of the classes (N,)."""
        return codes_of(column, labels).astype(np.float32)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """The squared rank correlation (Spearman)."""
        from tunebook.data.describe import rank_link

        return rank_link(logs, codes_of(column, labels).astype(np.float64))

    def nearness(self, vote: str, target: Any, labels: Labels) -> float:
        """1 less the distance over the largest one, as in Cohen's kappa with linear weights."""
        if vote not in labels.names:
            return 0.0
        return max(0.0, 1 - abs(labels.names.index(vote) - float(target)) / (len(labels.names) - 1))


__all__ = ["Ordinal"]
