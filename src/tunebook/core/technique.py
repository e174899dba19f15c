"""What a fine-tuning technique is: a frozen record of parameters with up to seven join points.

A technique defines only the join points that it needs, as plain methods of these names:

    refuse(facts) -> None                    what cannot work, before anything is loaded
    prepare_data(view, run) -> view          rows, their order, their weights
    prepare_model(model, run) -> model       what the model is and what of it is trained
    param_groups(groups, run) -> groups      how fast each parameter moves
    around_loss(inner, run) -> LossFn        what is minimised
    on(event, run) -> None                   what happens at one of EVENTS
    scoring(run) -> context                  other weights while the model is scored and when it is kept

It is switched on by any of its rows in the table. What it did it tells with `run.acted(...)`; a technique that never
acted makes the run fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from tunebook.core.batch import Batch, Criterion, model_inputs
from tunebook.core.facts import Facts
from tunebook.core.params import Params
from tunebook.core.settings import Filled
from tunebook.core.training_source import TrainingSource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from tunebook.core.encoded import Encoded
    from tunebook.core.nouns import Labels

Event = Literal["start", "epoch", "gradients", "before_step", "after_step", "look", "end"]
EVENTS: tuple[Event, ...] = ("start", "epoch", "gradients", "before_step", "after_step", "look", "end")
LossFn = Callable[["nn.Module", Batch], "tuple[Tensor, Any]"]
ParamGroups = list[dict[str, Any]]


class Technique(Params):
    """Base of every technique. Its docstring is its page; the first sentence says what it is.

    Class attributes:
        key: name in the table (`fgm` of `fgm.epsilon`).
        zh: the page in Chinese, paragraph for paragraph.
        needs: what the task must give, in the words of `Task.gives`; `past`: a run that is continued.
        conflicts: keys of techniques that cannot stand beside it.
        after: keys of techniques that are woven before it, so that it wraps them.
        whole_vocabulary: it needs the vectors of tokens that are in none of the rows too.
        exclusive: a part of which a plan has one player at most, such as `loss` or `peft`; empty for none. Those of
            `loss`, `mixing` and `adversarial` are woven inside all others, in this order.
        draws: it draws at random for each micro-batch, as dropout does, so that the same rows split otherwise give the
            same step in expectation only.
        alone: it trains in one process only.
        delta: it leaves the base model's own weights as they were, so that only what was trained has to be kept.
        outermost: it is woven after all others, whatever their names, so that they see only what it lets through.
        reshapes: it decides which of the base model's layers there are, so that weights of the same name belong
            together only where its rows are the same.
        adds: it adds weights to the model, which one without it lacks.
        beside: keys of the only techniques that can stand beside it; None for all that nothing else excludes.
        solves: it finds what it trains by itself, so that the training ends after its first step.
        in_lines: its `around_loss` goes by the loss, the outputs' logits and the parameters alone, so that rows may
            stand one after the other in a pass; where one says no, each row is padded as long as the longest.
        in_parts: it trains as in one process where each process holds a part of every weight, and tests have shown it.
    """

    zh: ClassVar[str] = ""
    needs: ClassVar[frozenset[str]] = frozenset()
    conflicts: ClassVar[frozenset[str]] = frozenset()
    after: ClassVar[frozenset[str]] = frozenset()
    whole_vocabulary: ClassVar[bool] = False
    exclusive: ClassVar[str] = ""
    draws: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    delta: ClassVar[bool] = False
    outermost: ClassVar[bool] = False
    reshapes: ClassVar[bool] = False
    adds: ClassVar[bool] = False
    beside: ClassVar[frozenset[str] | None] = None
    solves: ClassVar[bool] = False
    in_lines: ClassVar[bool] = False
    in_parts: ClassVar[bool] = False

    @classmethod
    def excludes(cls, other: type[Technique]) -> bool:
        """Whether this technique and another one cannot stand side by side, whichever of the two says so."""
        if cls.exclusive == other.exclusive != "":
            return True
        pairs = ((cls, other.key), (other, cls.key))
        return any(key in one.conflicts or (one.beside is not None and key not in one.beside) for one, key in pairs)


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
        keeps: key -> name -> tensor, what a technique leaves for the runs that continue from this one; at the end.
        gives: what the task offers.
        settings: the training settings; labels: what the head predicts; head_kept: the head is the base model's own.
        criterion: the task's loss; from the first batch on.
        source: further rows and models; None while a plan is made.
        scores: of the last look at the validation rows, metric -> value; best: no look before was as good.
        finished: a technique sets it when nothing is left to train; training then ends after this step, with a look.
    """

    model: Any = None
    optimizer: Any = None
    step: int = 0
    epoch: float = 0.0
    total_steps: int = 0
    training: bool = True
    seed: int = 0
    gives: frozenset[str] = frozenset()
    settings: Filled = field(default_factory=Filled.defaults)
    labels: Labels | None = None
    head_kept: bool = False
    criterion: Criterion | None = None
    source: TrainingSource | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    best: bool = False
    finished: bool = False
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, dict[str, float]] = field(default_factory=dict)
    keeps: dict[str, dict[str, Tensor]] = field(default_factory=dict)

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
        rows: tokens of each row with its `labels`, its number `row` in the book's training rows (-1 for a row from
            elsewhere) and, where rows have weights, its `sample_weight`, each of shape (N, ...). Further columns are
            named `key.column`; all of them come with each batch, and none of those goes into the model.
        order: epoch (0, 1, ...) -> numbers of the rows in the order in which that epoch sees them, as many in every
            epoch; rows may be left out or come twice. None: every row once, shuffled anew in each epoch, rows of like
            length together if the table says so. It is asked once before training, for the number of rows, and again
            whenever an epoch begins or is resumed, after the event `epoch`: it must follow from the epoch, `run.seed`
            and what `run.state` held when that epoch began.
        shown: rows and epoch -> the rows as that epoch shows them, all of them in the same places, each perhaps with
            a part of its tokens and targets; it must follow from these and `run.seed`. None: as they are.
    """

    rows: Encoded
    order: Callable[[int], NDArray[np.int64]] | None = None
    shown: Callable[[Encoded, int], Encoded] | None = None


@runtime_checkable
class Refuses(Protocol):
    """A technique that cannot work with everything."""

    def refuse(self, facts: Facts) -> None:
        """Raise a PlanError that says what does not go together and the nearest thing that does."""


@runtime_checkable
class PreparesData(Protocol):
    """A technique that changes the rows, their order or their weights."""

    def prepare_data(self, view: View, run: RunContext) -> View:
        """The rows to train on; called before there is a model, on every process and again after a resume.

        Random draws come from a generator of its own, seeded with `run.seed`: torch's belongs to the model. What
        counts rows (steps of an epoch, balanced class weights) goes by the view that this returns.
        """


@runtime_checkable
class ShowsRows(Protocol):
    """A technique whose epochs show other rows than all of them once."""

    def shown(self, rows: int) -> int:
        """How many rows an epoch shows, of a book with so many training rows."""


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
        """Called at each event: `gradients` when those of a whole step are there, `before_step` when they are clipped;
        `look` follows a look at the validation rows."""


@runtime_checkable
class Scores(Protocol):
    """A technique that keeps other weights than those that the optimiser moves."""

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, `run.model` has the weights that are scored and kept; afterwards those of training again."""


@runtime_checkable
class Means(Protocol):
    """A technique of whose rows one that is left open means something by the others."""

    def meant(self) -> Mapping[str, str]:
        """Rows that are left open -> what they come to, in the reader's language."""


def in_one_line(params: Filled, techniques: Iterable[Technique]) -> bool:
    """Whether rows may stand in one line: each technique that changes the loss has to say so."""
    return params.packing == "auto" and all(one.in_lines for one in techniques if isinstance(one, WrapsLoss))


__all__ = [
    "EVENTS",
    "Batch",
    "Event",
    "Facts",
    "GroupsParams",
    "Listens",
    "LossFn",
    "Means",
    "ParamGroups",
    "PreparesData",
    "PreparesModel",
    "Refuses",
    "RunContext",
    "Scores",
    "ShowsRows",
    "Technique",
    "TrainingSource",
    "View",
    "WrapsLoss",
    "in_one_line",
    "model_inputs",
]
