"""Losses of heads, what each class weighs in them, and what follows from how outputs are read (`core.kind.Link`).

Of each link one branch and no branch for the rest, which mypy checks. The same in numpy: `tunebook.core.answers`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.kind import Link
from tunebook.core.nouns import Labels
from tunebook.core.task import Criterion, Items
from tunebook.core.technique import Batch, Facts, model_inputs

_TINY = 1e-12


@dataclass(frozen=True)
class Classify(Criterion):
    """The losses of classification and regression heads.

    Attributes:
        weights: weight of each class in a single-label loss, or of the positives of each class in a multi-label one.
        smoothing: share e of the target that is spread: (1 - e) y + e / K, for several labels (1 - e) y + e / 2
            (Szegedy et al. 2016).
        unit: numbers and ordered classes are divided by it, answers and targets alike.
    """

    link: Link
    weights: Tensor | None
    smoothing: float
    unit: float = 1.0

    def measured(self, unit: float) -> Criterion:
        """The same for numbers in another unit; what are no numbers has none."""
        return replace(self, unit=unit) if self.link == "identity" else self

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over rows, or weighted mean where classes or rows have weights."""
        outputs = model(**model_inputs(batch))
        logits, targets, sample = outputs.logits.float(), batch["labels"], batch.get("sample_weight")
        if sample is None:
            return self._reduced(logits, targets, "mean"), outputs
        losses = self._reduced(logits, targets, "none")
        losses = losses.mean(dim=1) if losses.dim() == 2 else losses
        # A micro-batch of rows of weight 0 has the loss 0, which then weighs nothing in its step.
        return (losses * sample).sum() / self.items(batch).clamp_min(_TINY), outputs

    def _reduced(self, logits: Tensor, targets: Tensor, reduction: str) -> Tensor:
        weights = self.weights.to(logits) if self.weights is not None else None
        match self.link:
            case "softmax":
                return F.cross_entropy(logits, targets, weights, reduction=reduction, label_smoothing=self.smoothing)
            case "sigmoid":
                smooth = targets * (1 - self.smoothing) + self.smoothing / 2 if self.smoothing else targets
                return F.binary_cross_entropy_with_logits(logits, smooth, reduction=reduction, pos_weight=weights)
            case "identity":
                return F.mse_loss(logits.squeeze(-1) / self.unit, targets / self.unit, reduction=reduction)

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The rows themselves; numbers in the unit."""
        logits, targets = outputs.logits.float(), batch["labels"]
        if self.unit != 1:
            logits, targets = logits / self.unit, targets / self.unit
        of_class = self.weights.to(logits) if self.weights is not None and self.link == "softmax" else None
        return Items(logits, targets, self.counts(batch), of_class)

    def counts(self, batch: Batch) -> Tensor:
        """The weight of each row."""
        targets: Tensor = batch["labels"]
        weights = torch.ones(len(targets), device=targets.device)
        if self.link == "softmax" and self.weights is not None:
            own = self.weights.to(targets.device)[targets.clamp_min(0)]
            weights = torch.where(targets >= 0, own, 1.0)  # a row of another task has none of these classes
        return weights * batch["sample_weight"] if "sample_weight" in batch else weights


def class_weights(targets: NDArray[Any], labels: Labels, rule: str) -> NDArray[np.float32] | None:
    """Weight of each class, mean 1 over the rows (`balanced`: N / (K n_c); `sqrt`: its root, rescaled).

    For several labels: the weight of a class's positives, negatives / positives, at most 100, or its root. Rows without
    a label (-1, or NaN), which belong to another task, are not counted.
    """
    link = labels.kind.link
    if link == "identity" or rule == "none":
        return None
    targets = targets[targets >= 0 if targets.ndim == 1 else (targets >= 0).all(axis=1)]
    if link == "sigmoid":
        positives = np.maximum(targets.sum(axis=0), 1)
        ratio = np.clip((len(targets) - positives) / positives, 1e-2, 100)
        return np.asarray(ratio if rule == "balanced" else np.sqrt(ratio), dtype=np.float32)
    counts = np.maximum(np.bincount(targets, minlength=len(labels.names)), 1)
    raw = len(targets) / (len(counts) * counts)
    raw = raw if rule == "balanced" else np.sqrt(raw)
    return np.asarray(raw * len(targets) / (raw * counts).sum(), dtype=np.float32)


def divergence(logits: Tensor, other: Tensor, link: Link) -> Tensor:
    """Kullback-Leibler divergence KL(p || q) of each item, shape (M,), from logits (M, outputs) of p and of q.

    Of several labels: the mean over them of the divergence of yes and no. Of numbers and ordered classes, which have no
    distribution: the squared difference.
    """
    match link:
        case "softmax":
            log_p, log_q = F.log_softmax(logits, dim=1), F.log_softmax(other, dim=1)
            return (log_p.exp() * (log_p - log_q)).sum(dim=1)
        case "sigmoid":
            p = logits.sigmoid()
            yes = F.logsigmoid(logits) - F.logsigmoid(other)
            no = F.logsigmoid(-logits) - F.logsigmoid(-other)
            return (p * yes + (1 - p) * no).mean(dim=1)
        case "identity":
            return (logits - other).square().sum(dim=1)


def symmetric(logits: Tensor, other: Tensor, link: Link) -> Tensor:
    """Mean of the divergences of both directions, shape (M,)."""
    return (divergence(logits, other, link) + divergence(other, logits, link)) / 2


def drawn_targets(logits: Tensor, link: Link, generator: torch.Generator) -> Tensor:
    """Targets drawn from what a model predicts: a class, a yes or no for each label, or a number (variance 1)."""
    logits = logits.detach().cpu()
    match link:
        case "softmax":
            return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)
        case "sigmoid":
            return torch.bernoulli(logits.sigmoid(), generator=generator)
        case "identity":
            return logits.squeeze(-1) + torch.randn(logits.shape[:-1], generator=generator)


def surprise(logits: Tensor, targets: Tensor, link: Link) -> Tensor:
    """-log p(target) of each item, shape (M,), up to a constant."""
    match link:
        case "softmax":
            return F.cross_entropy(logits, targets, reduction="none")
        case "sigmoid":
            return F.binary_cross_entropy_with_logits(logits, targets.to(logits), reduction="none").sum(-1)
        case "identity":
            return (logits.squeeze(-1) - targets.to(logits)).square() / 2


def old_outputs(logits: Tensor, before: int, link: Link) -> Tensor:
    """The outputs of the head that is continued; a head of one number has always been one.

    Nothing that is reckoned from these has a gradient in what is new of the head, so that no importance holds it.
    """
    return logits if link == "identity" else logits[:, :before]


def refuse_smoothing(key: str, facts: Facts) -> None:
    """Refuse label smoothing beside a technique whose loss has no room for it.

    Raises:
        PlanError: `losses.smoothing`.
    """
    if facts.settings.label_smoothing:
        raise PlanError("losses.smoothing", key=key, value=facts.settings.label_smoothing, allowed="0")


__all__ = [
    "Classify",
    "class_weights",
    "divergence",
    "drawn_targets",
    "old_outputs",
    "refuse_smoothing",
    "surprise",
    "symmetric",
]
