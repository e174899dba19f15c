"""A number a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.kind import Labelled
from tunebook.data.label_cells import Form, form_of, label_number
from tunebook.data.labels import Bad, CellKind, Cells, trimmed
from tunebook.data.options import DataOptions

if TYPE_CHECKING:
    import pyarrow as pa

_BINS = 10
_LARGEST = 1e30  # models see float32, which ends at 3.4e38


class Regression(CellKind):
    """The kind `regression`: the column holds float64, targets are float32 (N,)."""

    key: ClassVar[str] = "regression"
    link: ClassVar[Link] = "identity"
    tasks: ClassVar[tuple[str, ...]] = ("text_classification", "embedding")
    pairs_for: ClassVar[tuple[str, ...]] = ("embedding",)

    def outputs(self, names: Sequence[str]) -> int:
        """The number."""
        return 1

    def tidy(self, cells: Cells, bad: Bad, form: Form, options: DataOptions) -> Labelled:
        """What is no finite number is set aside.

        Raises:
            DataError: `data.label_numbers`, there is none; `data.number_range`, one is too large; `data.one_class`.
        """
        import pyarrow as pa

        if options.no_label is None:  # what looks like a mark of absence is a number that is missing
            bad = {**bad, "unlabelled": bad["unlabelled"][:0], "bad_number": bad["unlabelled"]}
        read = [None if word is None else label_number(word, form) for word in cells.written]
        values = np.array([np.nan if number is None else number for number in read] + [np.nan], float)
        numbers = values[cells.codes]
        wrong = np.flatnonzero(np.isnan(numbers) & (cells.codes >= 0)).astype(np.int64)
        good = numbers[~np.isnan(numbers)]
        if not len(good):
            raise DataError("data.label_numbers", key="label", value=next(iter(cells.usable), None))
        beyond = np.flatnonzero(np.abs(np.nan_to_num(values)) > _LARGEST)
        if len(beyond):
            bounds = f"{-_LARGEST:g} - {_LARGEST:g}"
            raise DataError("data.number_range", key="label", value=cells.written[beyond[0]], allowed=bounds)
        if np.ptp(good.astype(np.float32)) == 0:  # as the model sees them
            raise DataError("data.one_class", key="label", value=float(good.min()))
        labels = Labels(problem=self.key, low=float(good.min()), high=float(good.max()))
        bad = {**bad, "bad_number": np.union1d(wrong, bad.get("bad_number", wrong))}
        return Labelled(labels, pa.array(numbers, from_pandas=True), bad, form.facts)

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """The numbers, and what is none; from 0 to 1, yes and no are numbers too."""
        import pyarrow as pa

        from tunebook.data.gains import WORDS

        words, form = trimmed(column), form_of(data)
        numbers = [label_number(word, form) for word in words]
        if (data.labels.low, data.labels.high) == (0, 1):
            pairs = zip(words, numbers, strict=True)
            numbers = [WORDS.get(word.lower()) if number is None else number for word, number in pairs]
        numbers = [None if number is None or abs(number) > _LARGEST else number for number in numbers]
        unknown = [word for word, number in zip(words, numbers, strict=True) if number is None]
        return pa.array(numbers, pa.float64()), unknown

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """The smallest and the largest; a fresh head starts at the mean."""
        values = column.to_numpy()
        ends = {"low": float(values.min()), "high": float(values.max())}
        return labels.model_copy(update={**ends, "start": [float(values.mean())]})

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.float32]:
        """The numbers (N,)."""
        return np.asarray(column.to_numpy(), dtype=np.float32)

    def said(self, target: Any, labels: Labels) -> float:
        """The number."""
        return float(target)

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        """None."""
        import pyarrow as pa

        return pa.array([], pa.string())

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """The tenth of the numbers that it lies in."""
        values = column.to_numpy()
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
        return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """The squared rank correlation (Spearman)."""
        from tunebook.data.describe import rank_link

        return rank_link(logs, np.asarray(column.to_numpy(), dtype=np.float64))

    def vote(self, cell: str, data: DataRef) -> float | None:
        """The number."""
        return label_number(cell, form_of(data))

    def nearness(self, vote: float, target: Any, labels: Labels) -> float:
        """1 less the distance over the largest one, as in Cohen's kappa with linear weights."""
        assert labels.low is not None and labels.high is not None
        return max(0.0, 1 - abs(vote - float(target)) / (labels.high - labels.low))

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """Of decimal commas, and of what is no number."""
        from tunebook.data.label_checks import number_warnings

        return number_warnings(labelled)


__all__ = ["Regression"]
