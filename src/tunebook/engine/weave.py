"""The techniques of a training, folded around its loss and called at their moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tunebook.core.nouns import Plan
from tunebook.core.registry import built
from tunebook.core.technique import (
    Batch,
    Event,
    GroupsParams,
    Listens,
    LossFn,
    ParamGroups,
    PreparesData,
    PreparesModel,
    RunContext,
    Scores,
    Technique,
    View,
    WrapsLoss,
)
from tunebook.nets.averages import moved
from tunebook.nets.frozen import find_cut
from tunebook.nets.parts import part_again, whole

STATE_FILE = "tunebook_state.pt"
ABOVE = "trained.safetensors"  # of a checkpoint, what is above frozen layers


def stock_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Any]:
    """The loss that the model itself computes: the mean over its batch."""
    outputs = model(**batch)
    return outputs["loss"], outputs


def count_rows(batch: Batch) -> Tensor:
    """Number of rows of a batch, as a scalar tensor."""
    labels = batch["labels"]
    return torch.tensor(float(len(labels)), device=labels.device)


@dataclass
class Weave:
    """What is woven into a trainer.

    Attributes:
        techniques: in the order in which they wrap: the last is the outermost.
        loss: what is minimised: a mean over the items of a micro-batch.
        items: what that mean divides by.
        loader: makes the training batches of this process; None leaves them to the trainer. Its batch sampler has
            `set_epoch`.
        score: scores the model on the validation rows, `eval_*` -> value; None leaves that to the trainer.
    """

    techniques: Sequence[Technique] = ()
    loss: LossFn = stock_loss
    items: Callable[[Batch], Tensor] = count_rows
    loader: Callable[[], DataLoader[Any]] | None = None
    score: Callable[[nn.Module], dict[str, float]] | None = None
    run: RunContext = field(default_factory=RunContext)

    def data(self, view: View) -> View:
        """The training rows as the techniques leave them."""
        for technique in self.techniques:
            if isinstance(technique, PreparesData):
                view = technique.prepare_data(view, self.run)
        return view

    def model(self, model: nn.Module) -> nn.Module:
        """The model as the techniques leave it; `run.model` from then on."""
        for technique in self.techniques:
            if isinstance(technique, PreparesModel):
                model = technique.prepare_model(model, self.run)
        self.run.model = model
        return model

    def woven(self) -> LossFn:
        """The loss with every technique around it."""
        loss = self.loss
        for technique in self.techniques:
            if isinstance(technique, WrapsLoss):
                loss = technique.around_loss(loss, self.run)
        return loss

    def groups(self, groups: ParamGroups) -> ParamGroups:
        """The optimiser's groups as the techniques leave them.

        Raises:
            AssertionError: a parameter was lost or stands in two groups.
        """
        before = sorted(name for group in groups for name in group["names"])
        for technique in self.techniques:
            if isinstance(technique, GroupsParams):
                groups = technique.param_groups(groups, self.run)
        after = sorted(name for group in groups for name in group["names"])
        assert before == after, "a technique lost a parameter or put it into two groups"
        return groups

    def tell(self, event: Event) -> None:
        """Let every technique that listens know."""
        for technique in self.techniques:
            if isinstance(technique, Listens):
                technique.on(event, self.run)

    @contextmanager
    def scoring(self) -> Iterator[None]:
        """Inside, the model has the weights with which it is scored and kept."""
        with ExitStack() as held:
            for technique in self.techniques:
                if isinstance(technique, Scores):
                    held.enter_context(technique.scoring(self.run))
            yield

    def save(self, checkpoint: Path, *, write: bool = True) -> None:
        """Write the techniques' state beside a checkpoint; the file's presence also says that it is complete.

        Args:
            write: False for all processes but the first, which only give their parts of the weights.
        """
        trained = self._trained()
        if not write:
            return
        part = checkpoint / (STATE_FILE + ".part")
        unit = self.run.criterion.unit if self.run.criterion is not None else 1.0
        kept = {"state": self.run.state, "counters": self.run.counters, "trained": trained, "unit": unit}
        torch.save(kept, part)
        part.replace(checkpoint / STATE_FILE)

    def load(self, checkpoint: Path) -> None:
        """Take up the state that `save` wrote."""
        stored = torch.load(checkpoint / STATE_FILE, weights_only=True)
        self.run.state.update(stored["state"])
        self.run.counters.update(stored["counters"])

    @property
    def partial(self) -> bool:
        """Whether the trainer's own files of a checkpoint lack part of what is trained: of a model of PEFT they hold
        what is needed to answer, not the network that makes a P-tuning's vectors, nor what other techniques added."""
        return hasattr(self.run.model, "peft_config")

    def _trained(self) -> dict[str, Tensor]:
        if not self.partial:
            return {}
        part_again(self.run.model)
        return {name: whole(item.detach()) for name, item in moved(self.run).items()}

    def write_above(self, checkpoint: Path) -> bool:
        """Write the weights above frozen layers, in place of the whole model; False where nothing is frozen for good.

        What the optimiser holds may thaw, so that it is written, frozen or not.
        """
        model = self.run.model
        cut = None if self.partial else find_cut(model)
        below = cut.weights.keys() - moved(self.run).keys() if cut else set()
        if not below:
            return False
        kept = model.state_dict().keys()
        items = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        checkpoint.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: item.detach().contiguous() for name, item in items.items() if name in kept and name not in below},
            checkpoint / ABOVE,
        )
        return True

    def put_back(self, checkpoint: Path) -> bool:
        """Give the model what was trained until a checkpoint; False where that holds a whole model."""
        if (checkpoint / ABOVE).is_file():
            stored = load_file(checkpoint / ABOVE)
        elif self.partial:
            stored = torch.load(checkpoint / STATE_FILE, weights_only=True, map_location="cpu")["trained"]
        else:
            return False
        self.run.model.load_state_dict(stored, strict=False)
        return True


def unit_at(checkpoint: Path) -> float:
    """The unit in which the numbers were learnt until a checkpoint; older versions knew none but the labels' own."""
    return float(torch.load(checkpoint / STATE_FILE, weights_only=True, map_location="cpu").get("unit", 1.0))


def woven(plan: Plan) -> list[Technique]:
    """The techniques of a plan, in the order in which they are woven."""
    return list(built(plan.techniques).values())


__all__ = ["STATE_FILE", "Weave", "count_rows", "stock_loss", "unit_at", "woven"]
