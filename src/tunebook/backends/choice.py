"""Which backend answers rows: torch as it is, or another that was measured to be quicker and to answer the same.

Getting another one ready, and measuring it, takes seconds. So the first forward passes are made by torch, whose answers
count, and only where the rows that are left would take longer than that is another one tried on the same rows. What was
measured is kept in the book by all that it hangs on; the next time it takes no measuring, but the graph is still made
only where that pays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.backends.graph import ByGraph, check, make_graph
from tunebook.backends.kept import Kept
from tunebook.backends.measured import Measured, Trial, some_rows, timed
from tunebook.core.backends import AUTO, EAGER, ONNX
from tunebook.core.errors import ModelError, TunebookError
from tunebook.core.nouns import Labels, Record
from tunebook.core.progress import Progress, Silent

if TYPE_CHECKING:
    from torch import nn

    from tunebook.core.encoded import Encoded
    from tunebook.engine.infer import Inference

_FEW = 4096  # tokens, of which nothing but torch is worth a thought
_SAVED = 0.25  # share of torch's time that another backend is taken to save before it was measured
_START, _EACH = 1.0, 2e-8  # seconds that a graph takes to be made before it was measured, and those of a parameter
_PASSES = 3  # over the rows that are measured on, which nobody waits for otherwise
Answers = NDArray[np.float32]


class Chosen(Record):
    """By what rows were answered.

    Attributes:
        backend: `eager`, torch as it is, or `onnx`.
        why: `asked`; `few`, of so few rows nothing else pays; `unfit`, the model has no graph, or what it takes is not
            installed, as `reason` says; `measured`.
        rows: that were measured on; faster: times as fast as torch, difference: the largest from its answers, of
            `onnx`; kept: whether that was done before.
    """

    backend: str
    why: Literal["asked", "few", "unfit", "measured"]
    reason: str = ""
    rows: int | None = None
    faster: float | None = None
    difference: float | None = None
    kept: bool = False


@dataclass
class Chooser:
    """Answers the rows of one model, a `tunebook.engine.infer.Way`.

    Attributes:
        model, config: as it answers; labels: None of a model of vectors that stands by itself.
        whole: gives the same model with what was trained beside it added up; None where it is one already.
        wanted: `auto` or `onnx`; kept: what was measured before.
        told: is called with what answered, whenever rows were.
    """

    model: nn.Module
    config: Mapping[str, Any]
    labels: Labels | None = None
    whole: Callable[[], nn.Module] | None = None
    wanted: str = AUTO
    kept: Kept = field(default_factory=Kept)
    told: Callable[[Chosen], None] | None = None
    _graph: ByGraph | None = field(default=None, init=False)
    _start: float = field(default=0.0, init=False)
    _unfit: TunebookError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.whole is None:
            try:
                check(self.model)
            except TunebookError as error:
                self._unfit = error

    def run(self, inference: Inference, model: nn.Module, encoded: Encoded, progress: Progress | None) -> Answers:
        """The logits of all rows, in their order.

        Raises:
            TunebookError: of `onnx` that was asked for: as `make_graph`; `backend.differs`.
        """
        chosen, found = self._run(inference, encoded, progress or Silent())
        if self.told is not None:
            self.told(chosen)
        return found

    def _run(self, inference: Inference, encoded: Encoded, progress: Progress) -> tuple[Chosen, Answers]:
        if self.wanted == ONNX:
            return self._asked(inference, encoded, progress)
        tokens = int(encoded.lengths.sum())
        if self._unfit is not None or tokens < _FEW or _hangs_together(inference, encoded):
            return self._eager(), self._by(EAGER, inference, encoded, progress)
        kind = "one" if inference.batch_size == 1 else "many"
        known = self.kept.recalled(kind)
        if known is not None:
            chosen = self._worth(known, tokens)
            return chosen, self._by(chosen.backend, inference, encoded, progress)
        return self._measured(kind, inference, encoded, progress)

    def _eager(self) -> Chosen:
        """Torch, without a measurement."""
        if self._unfit is None:
            return Chosen(backend=EAGER, why="few")
        return Chosen(backend=EAGER, why="unfit", reason=str(self._unfit).splitlines()[0])

    def _measured(
        self, kind: str, inference: Inference, encoded: Encoded, progress: Progress
    ) -> tuple[Chosen, Answers]:
        """Answer some rows by torch, and the rest by what is quickest for so many."""
        from tunebook.engine.infer import placed

        rows = some_rows(inference, encoded)
        rest = np.setdiff1d(np.arange(len(encoded)), rows)
        some, left = encoded.take(rows), encoded.take(rest)
        said, seconds = timed(inference, self.model, some)
        measured = None
        if self._pays(seconds, int(some.lengths.sum()), int(left.lengths.sum())):
            measured = self._tried(Trial(inference, self.model, self.labels, some, said, seconds), progress)
        if measured is not None:
            self.kept.keep(kind, measured, progress)
        chosen = self._eager() if measured is None else _by_measure(measured)
        others = self._by(chosen.backend, inference, left, progress)
        return chosen, placed([(rows, said), (rest, others)], len(encoded))

    def _pays(self, seconds: float, tokens: int, left: int) -> bool:
        """Whether what another backend may save of the tokens that are left is more than what it takes to be measured,
        where torch took so many seconds for so many tokens."""
        size = sum(item.numel() for item in self.model.parameters())
        cost = _PASSES * seconds + (0.0 if self._graph else _START + _EACH * size)
        return _SAVED * left * seconds / tokens > cost

    def _tried(self, trial: Trial, progress: Progress) -> Measured | None:
        """Measure onnxruntime; None where it does not take the model."""
        progress.start("backend", 1)
        measured = None
        with suppress(TunebookError):  # is told as the reason
            graph = self._made()
            measured = trial.measured(graph, self._start)
        progress.finish()
        return measured

    def _worth(self, known: Measured, tokens: int) -> Chosen:
        """What answers so many tokens by an earlier measurement: torch where to make the graph takes longer than it
        saves, or where it can no longer be made."""
        if known.quickest == ONNX and known.onnx is not None and self._graph is None:
            if tokens * (known.eager - known.onnx) <= known.start:
                return self._eager()
            try:
                self._made()
            except TunebookError:  # such as a package that does not load
                return self._eager()
        return _by_measure(known, kept=True)

    def _asked(self, inference: Inference, encoded: Encoded, progress: Progress) -> tuple[Chosen, Answers]:
        """onnxruntime, after its answers to some rows were held against those of torch."""
        if self._graph is None and len(encoded):
            graph = self._made()
            some = encoded.take(some_rows(inference, encoded))
            trial = Trial(inference, self.model, self.labels, some, *timed(inference, self.model, some))
            difference, same = trial.compared(trial.by(graph)[0])
            if not same:
                self._graph = None
                raise ModelError("backend.differs", key="backend", value=ONNX, difference=f"{difference:.2g}")
        return Chosen(backend=ONNX, why="asked"), self._by(ONNX, inference, encoded, progress)

    def _made(self) -> ByGraph:
        """The graph, made once. Raises as `check` and `make_graph`, the same the next time."""
        if self._unfit is not None:
            raise self._unfit
        if self._graph is None:
            import torch

            begun = perf_counter()
            try:
                model = self.model if self.whole is None else self.whole()
                if self.whole is not None:
                    check(model)
                self._graph = make_graph(model, self.config, torch.get_num_threads())
            except TunebookError as error:
                self._unfit = error
                raise
            self._start = perf_counter() - begun
        return self._graph

    def _by(self, name: str, inference: Inference, encoded: Encoded, progress: Progress) -> Answers:
        """Answers by a backend."""
        graph = self._graph if name == ONNX else None
        with nullcontext() if graph is None else graph.on(self.model):
            return inference.run(self.model, encoded, progress=progress).logits


def _by_measure(measured: Measured, *, kept: bool = False) -> Chosen:
    """The quicker backend by a measurement."""
    faster = None if measured.faster is None else round(measured.faster, 3)
    return Chosen(
        backend=measured.quickest,
        why="measured",
        rows=measured.rows,
        faster=faster,
        difference=measured.difference,
        kept=kept,
    )


def _hangs_together(inference: Inference, encoded: Encoded) -> bool:
    """Whether the answer to a row hangs on the other rows, so that they are read together or not at all."""
    from tunebook.core.task import Searches
    from tunebook.engine.infer import head

    return inference.read is head and isinstance(inference.task, Searches) and len(encoded.targets) > 0


__all__ = ["Chooser", "Chosen"]
