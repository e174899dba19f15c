"""Rows of another domain beside each batch, and how far apart the features of both lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, model_inputs
from tunebook.nets.heads import head_inputs, head_of, pooled

Penalty = Callable[[Tensor, Tensor], Tensor]
# Rows of the table that several techniques declare alike.
Target = Annotated[
    str | None,
    Row("file of rows of the other domain; labels are not read", zh="目标领域的样本文件；不读取标签", input="file"),
]
Block = Annotated[
    int,
    Field(ge=2),
    Row("rows of each domain that are compared at once", zh="一次比较的每个领域样本数", unit="rows"),
]

# Techniques that change what a batch's rows look like on their way: target rows must not meet what is meant for those.
CHANGERS = frozenset({"fgm", "free_lb", "mixup", "neftune", "pgd", "r_drop", "vat"})


class Partners:
    """A target row for each training row, by the number of the row and the epoch alone.

    So a row meets the same target row however the rows of a step are shared out, and another one in each epoch.
    """

    def __init__(self, run: RunContext, name: str) -> None:
        assert run.source is not None
        self.run = run
        self.source = run.source
        self.rows = run.source.rows(name)
        self._drawn: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, dtype=np.int64))

    def batch(self, rows: Tensor) -> Batch:
        """The target rows beside the training rows of these numbers."""
        epoch = int(self.run.epoch)
        if self._drawn[0] != epoch:
            self._drawn = (epoch, np.random.default_rng([self.run.seed, epoch]).permutation(len(self.rows)))
        chosen = self._drawn[1][rows.cpu().numpy() % len(self.rows)]
        return next(self.source.batches(self.rows.take(chosen), len(chosen)))


def aligned(inner: LossFn, run: RunContext, key: str, penalty: Penalty) -> LossFn:
    """A loss with a penalty on the features of the batch and of as many target rows beside it.

    Args:
        key: of the technique whose row `target` names the file.
        penalty: source features (n, width), target features (n, width) -> penalty of each of the n rows. It is
            weighed and averaged like the loss of the rows. Rows from elsewhere (number -1) take no part.
    """
    partners = Partners(run, f"{key}.target")
    assert run.labels is not None
    head = head_of(run.model, run.labels.outputs)

    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, object]:
        with head_inputs(head) as seen:
            value, outputs = inner(model, batch)
        own = (batch["row"] >= 0).nonzero()[:, 0]
        if not len(own):
            return value, outputs
        source = pooled(seen, batch["attention_mask"])[own]
        beside = partners.batch(batch["row"][own])
        with head_inputs(head) as seen:
            run.model(**model_inputs(beside))
        with torch.autocast(source.device.type, enabled=False):
            losses = penalty(source, pooled(seen, beside["attention_mask"])[: len(own)])  # a row may have several lines
        assert run.criterion is not None
        weights = run.criterion.counts(batch).to(losses)
        run.acted(key, rows=len(own))
        run.noted(key, distance=float(losses.detach().mean()))
        return value + (losses * weights[own]).sum() / weights.sum().clamp_min(1e-12), outputs

    return loss


def by_block(statistic: Penalty, source: Tensor, target: Tensor, size: int) -> Tensor:
    """A statistic of `size` source and target rows at a time, given to each of those rows, shape (n,).

    A last block of one row has nothing to compare and gets 0. The result is the same for any split of the rows into
    parts of whole blocks.
    """
    values = [
        (statistic(x, y) if len(x) > 1 else x.new_zeros(())).expand(len(x))
        for x, y in zip(torch.split(source, size), torch.split(target, size), strict=True)
    ]
    return torch.cat(values)


def aligned_by_block(inner: LossFn, run: RunContext, key: str, weight: float, statistic: Penalty, size: int) -> LossFn:
    """A loss with a weight times a statistic of blocks of source and target rows; the loss itself for no weight."""
    if not weight:
        return inner
    return aligned(inner, run, key, lambda source, target: weight * by_block(statistic, source, target, size))


def refuse_adaptation(facts: Facts, key: str, target: str | None, block: int | None = None) -> None:
    """What all of domain adaptation needs.

    Raises:
        PlanError: `adaptation.target`: no target rows; `adaptation.block`: a forward pass has fewer rows than a block.
    """
    if target is None:
        raise PlanError("adaptation.target", key=f"{key}.target", value=target)
    batch = facts.settings.batch_size
    if block is not None and block > batch:
        raise PlanError("adaptation.block", key=f"{key}.block", value=block, allowed=f"2 … {batch}")


__all__ = [
    "CHANGERS",
    "Block",
    "Partners",
    "Penalty",
    "Target",
    "aligned",
    "aligned_by_block",
    "by_block",
    "refuse_adaptation",
]
