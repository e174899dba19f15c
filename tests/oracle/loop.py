"""The training loop, plain: what the machinery does, in forty lines, and what it is tested against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn


def train(
    model: nn.Module,
    steps: Sequence[Sequence[dict[str, Any]]],
    loss_fn: Callable[[nn.Module, dict[str, Any]], torch.Tensor],
    *,
    lr: Callable[[int], float],
    weight_decay: float = 0.0,
    clip: float = 0.0,
) -> list[float]:
    """Train on steps of micro-batches; `loss_fn` gives the SUM over a micro-batch's rows. Returns each step's loss."""
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    norms = ("bias", "norm")
    decayed = [p for name, p in trained if not any(word in name.lower() for word in norms)]
    others = [p for name, p in trained if any(word in name.lower() for word in norms)]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups)
    losses = []
    model.train()
    for number, micro_batches in enumerate(steps):
        rows = sum(len(batch["labels"]) for batch in micro_batches)
        total = 0.0
        for batch in micro_batches:
            loss = loss_fn(model, batch) / rows
            loss.backward()
            total += loss.item()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        for group in optimizer.param_groups:
            group["lr"] = lr(number)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total)
    return losses
