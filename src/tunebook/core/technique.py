"""What a fine-tuning technique is: a frozen record of parameters with up to five join points.

A technique defines only the join points that it needs, as plain methods of these names:

    prepare_data(view, run) -> view          rows, their order, their weights
    prepare_model(model, run) -> model       what the model is and what of it is trained
    param_groups(groups, run) -> groups      how fast each parameter moves
    around_loss(inner, run) -> LossFn        what is minimised
    on(event, run) -> None                   what happens at start, epoch, before_step, after_step, end

It is switched on by any of its rows in the table. What it did it tells with `run.acted(...)`; a technique that never
acted makes the run fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from tunebook.core.params import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from tunebook.core.encoded import Encoded

Event = Literal["start", "epoch", "before_step", "after_step", "end"]
EVENTS: tuple[Event, ...] = ("start", "epoch", "before_step", "after_step", "end")
Batch = dict[str, Any]
LossFn = Callable[["nn.Module", Batch], "tuple[Tensor, Any]"]
ParamGroups = list[dict[str, Any]]


class Technique(Params):
    """Base of every technique.

    Class attributes:
        key: name in the table (`fgm` of `fgm.epsilon`).
        needs: what the task must give (`logits`, `embeddings`, `layers`, `head` ...).
        conflicts: keys of techniques that cannot stand beside it.
        after: keys of techniques that are woven before it, so that it wraps them.
        whole_vocabulary: it needs the vectors of tokens that are in none of the rows too.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    conflicts: ClassVar[frozenset[str]] = frozenset()
    after: ClassVar[frozenset[str]] = frozenset()
    whole_vocabulary: ClassVar[bool] = False


@dataclass
class RunContext:
    """What a technique may see of the training that it is woven into.

    Attributes:
        model: the model being trained, unwrapped.
        step, epoch: optimiser steps done, epochs done (a fraction inside an epoch).
        total_steps: optimiser steps planned.
        training: False while the model is evaluated; a loss is then left alone.
        state: key -> whatever the technique must keep; saved with every checkpoint, so tensors and plain values only.
        counters: key -> name -> number, what each technique did.
        gives: what the task offers.
    """

    model: Any = None
    optimizer: Any = None
    step: int = 0
    epoch: float = 0.0
    total_steps: int = 0
    training: bool = True
    seed: int = 0
    gives: frozenset[str] = frozenset()
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, dict[str, float]] = field(default_factory=dict)

    def acted(self, key: str, **amounts: float) -> None:
        """Add to a technique's counters: proof that it acted."""
        counters = self.counters.setdefault(key, {})
        for name, amount in amounts.items():
            counters[name] = counters.get(name, 0.0) + amount

    def noted(self, key: str, **amounts: float) -> None:
        """Set figures of a technique that do not add up, such as a share."""
        self.counters.setdefault(key, {}).update(amounts)


@dataclass(frozen=True)
class View:
    """The training rows as they are trained on. Techniques change these, never those of validation and test.

    `replace(view, rows=view.rows.take(kept))` drops rows or repeats them, and
    `replace(view, rows=view.rows.with_fixed(sample_weight=weights))` weighs them.

    Attributes:
        rows: tokens of each row with its `labels` and, where rows have weights, its `sample_weight` of shape (N,).
        order: epoch (0, 1, ...) -> numbers of the rows in the order in which that epoch sees them, as many in every
            epoch; rows may be left out or come twice. None: every row once, shuffled anew in each epoch, rows of like
            length together if the table says so. It is asked once before training, for the number of rows, and again
            whenever an epoch begins or is resumed, after the event `epoch`: it must follow from the epoch, `run.seed`
            and what `run.state` held when that epoch began.
    """

    rows: Encoded
    order: Callable[[int], NDArray[np.int64]] | None = None


@runtime_checkable
class PreparesData(Protocol):
    """A technique that changes the rows, their order or their weights."""

    def prepare_data(self, view: View, run: RunContext) -> View:
        """The rows to train on; called before there is a model, on every process and again after a resume.

        Random draws come from a generator of its own, seeded with `run.seed`: torch's belongs to the model. What
        counts rows (steps of an epoch, balanced class weights) goes by the view that this returns.
        """


@runtime_checkable
class PreparesModel(Protocol):
    """A technique that changes the model or what of it is trained."""

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model to train."""


@runtime_checkable
class GroupsParams(Protocol):
    """A technique that gives parameters their own rate or decay."""

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """The optimiser's groups; each holds `names` beside `params`, and every trained parameter once."""


@runtime_checkable
class WrapsLoss(Protocol):
    """A technique that changes what is minimised."""

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """A loss around another; both are means over the items of a micro-batch."""


@runtime_checkable
class Listens(Protocol):
    """A technique that acts at certain moments."""

    def on(self, event: Event, run: RunContext) -> None:
        """Called at each event."""


__all__ = [
    "EVENTS",
    "Batch",
    "Event",
    "GroupsParams",
    "Listens",
    "LossFn",
    "ParamGroups",
    "PreparesData",
    "PreparesModel",
    "RunContext",
    "Technique",
    "View",
    "WrapsLoss",
]
