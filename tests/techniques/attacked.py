"""What the tests of adversarial methods and of losses share: a tiny net, its run, a batch, gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests import tiny
from tunebook.core.nouns import Labels
from tunebook.core.technique import RunContext
from tunebook.core.training import Training
from tunebook.nets.classify import Classify

SINGLE = Labels(problem="single_label", names=["a", "b", "c"])


def small_net(
    kind: str = "bert", dropout: float = 0.0, labels: Labels = SINGLE, rows: int = 8, **settings: Any
) -> tuple[Any, RunContext, dict[str, Tensor]]:
    """A tiny classifier in training mode with the run that it belongs to, and a batch of rows of uneven length."""
    net = tiny.classifier(kind, labels=labels.outputs, dropout=dropout)
    batch = tiny.collate(tiny.rows(rows, labels=max(len(labels.names), 2)), 1 if kind == "roberta" else 0)
    if labels.problem == "multi_label":
        batch["labels"] = torch.eye(len(labels.names))[batch["labels"]]
        batch["labels"][0] = 1.0
    elif labels.problem != "single_label":
        batch["labels"] = batch["labels"].float()
    given = Training(**settings)
    run = RunContext(model=net, labels=labels, settings=given)
    run.criterion = Classify(labels.kind.link, None, given.label_smoothing)
    torch.manual_seed(3)
    return net, run, batch


def clean_loss(model: Any, batch: dict[str, Tensor]) -> Any:
    """The plain loss of one class a row, and the model's outputs."""
    outputs = model(**{name: value for name, value in batch.items() if name != "labels"})
    return torch.nn.functional.cross_entropy(outputs.logits, batch["labels"]), outputs


def gradients(net: Any, loss: Tensor, *, again: bool = False) -> dict[str, Tensor]:
    """Gradient of every parameter that has one."""
    named = list(net.named_parameters())
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True, retain_graph=again)
    return {name: value for (name, _), value in zip(named, found, strict=True) if value is not None}
