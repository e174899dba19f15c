"""How much quicker onnxruntime is than torch on some rows, which both answer in turn, and whether it says the same."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.backends import EAGER, ONNX
from tunebook.core.nouns import Labels, Record
from tunebook.core.task import Reads

if TYPE_CHECKING:
    from tunebook.backends.graph import ByGraph
    from tunebook.core.encoded import Encoded
    from tunebook.engine.infer import Inference

SAME = 1e-5  # how far answers may be from those of torch
_LOGITS = 2 * SAME  # logits so far apart have scores within SAME: softmax and sigmoid rise by at most 1/2
_GAIN = 1.05  # times as fast a backend has to be
_TOKENS = 2048  # that are measured on, about
_PARTS = (2, 16)  # forward passes that these are in
Answers = NDArray[np.float32]


class Measured(Record):
    """What was measured on some rows of a kind of work.

    Attributes:
        rows: that it was measured on; eager: seconds of a token by torch.
        onnx: those by onnxruntime; None where it does not say the same, so that nothing was timed.
        start: seconds until its graph was made; difference: the largest from the answers of torch; None where that is
            no number.
    """

    rows: int = Field(gt=0)
    eager: float = Field(gt=0)
    onnx: float | None = Field(default=None, gt=0)
    start: float = Field(ge=0)
    difference: float | None = Field(default=None, ge=0)

    @property
    def faster(self) -> float | None:
        """How many times as fast as torch onnxruntime is; None where it does not say the same."""
        return None if self.onnx is None else self.eager / self.onnx

    @property
    def quickest(self) -> str:
        """The backend to answer by: torch where the other is not clearly quicker."""
        return ONNX if (self.faster or 0) >= _GAIN else EAGER


def timed(inference: Inference, model: Any, encoded: Encoded) -> tuple[Answers, float]:
    """Answers to rows, and the seconds that they took."""
    begun = time.perf_counter()
    found = inference.run(model, encoded).logits
    return found, max(time.perf_counter() - begun, 1e-9)


@dataclass(frozen=True)
class Trial:
    """Rows on which both backends are tried.

    Attributes:
        inference, model: read them by torch; labels: of the model; None of one that makes vectors.
        said, seconds: answers of torch, and what its first pass took.
    """

    inference: Inference
    model: Any
    labels: Labels | None
    encoded: Encoded
    said: Answers
    seconds: float

    def by(self, graph: ByGraph) -> tuple[Answers, float]:
        """Answers of a graph, and the seconds that they took."""
        with graph.on(self.model):
            return timed(self.inference, self.model, self.encoded)

    def measured(self, graph: ByGraph, start: float) -> Measured:
        """What came of a graph that took `start` seconds: where it is exact, the quicker of two passes, in turn with
        torch."""
        answers, taken = self.by(graph)
        difference, same = self.compared(answers)
        tokens, seconds, by_graph = int(self.encoded.lengths.sum()), self.seconds, None
        if same:
            seconds = min(seconds, timed(self.inference, self.model, self.encoded)[1])
            by_graph = min(taken, self.by(graph)[1]) / tokens
        shown = difference if math.isfinite(difference) else None
        return Measured(rows=len(self.encoded), eager=seconds / tokens, onnx=by_graph, start=start, difference=shown)

    def compared(self, other: Answers) -> tuple[float, bool]:
        """The largest difference of answers from those of torch, and whether they are the same: labels, places and
        passages equal, scores within `SAME`, numbers and vectors within that share of the largest."""
        from tunebook.engine.infer import head

        if self.said.shape != other.shape:
            return math.inf, False
        difference = float(np.abs(self.said - other).max(initial=0))
        size = max(1.0, float(np.abs(self.said).max(initial=0)))
        task, labels = self.inference.task, self.labels
        if self.inference.read is not head or labels is None:
            return difference, difference <= SAME * size
        if isinstance(task, Reads):
            return difference, difference <= SAME
        if labels.kind.link == "identity":
            equal = not labels.names or np.array_equal(np.rint(self.said), np.rint(other))
            return difference, difference <= SAME * size and equal
        equal = np.array_equal(task.decided(self.said, labels), task.decided(other, labels))
        return difference, difference <= _LOGITS and equal


def some_rows(inference: Inference, encoded: Encoded) -> NDArray[np.int64]:
    """Numbers of rows to measure on: forward passes as they will come, from the longest to the shortest."""
    batches = inference.batches(encoded, "cpu")
    usual = max(float(encoded.lengths.sum()) / len(batches), 1.0)
    count = min(len(batches), int(np.clip(round(_TOKENS / usual), *_PARTS)))
    places = ((np.arange(count) + 0.5) * len(batches) / count).astype(int)
    return np.sort(np.concatenate([batches[place] for place in places]))


__all__ = ["SAME", "Measured", "Trial", "some_rows", "timed"]
