"""A head that is fitted to what it reads of the training rows, and what lets it read the mean of the tokens."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext, model_inputs
from tunebook.nets.evaluated import evaluated
from tunebook.nets.heads import ExactHead, head_inputs, head_of, pooled
from tunebook.nets.linear_model import Seen, chosen_strength, head
from tunebook.nets.mean_token import can_read_mean, read_mean, reads_mean


def with_pooling(model: Any, pooling: str, key: str, run: RunContext) -> Any:
    """The model with a head that reads what a row asks for; said in the run's counters.

    Raises:
        PlanError: `probe.pooling`: its class reads the first token, and cannot be made to read the mean.
    """
    mean = pooling != "first" and (reads_mean(model) or can_read_mean(model))
    if pooling == "mean" and not mean:
        raise PlanError("probe.pooling", key=f"{key}.pooling", value=pooling, allowed="auto | first")
    if mean and not reads_mean(model):
        read_mean(model)
    run.noted(key, reads_mean=float(mean))
    return model


def fit_head(run: RunContext, key: str, strength: float | None) -> None:
    """Give the head the weights of a linear model of what it reads of the training rows, each with its weight.

    A strength that was chosen once is kept for the whole training. The vectors are scaled by one number, so that they
    have the length 1 on average and a strength means the same for every model.
    """
    assert run.labels is not None
    link, outputs = run.labels.kind.link, run.labels.outputs
    seen, scale = _scaled(read_rows(run))
    state = run.state.setdefault(key, {})
    chosen = strength or state.get("strength") or chosen_strength(seen, link)
    state["strength"] = chosen
    weights, biases = head(seen, link, outputs, chosen)
    last = head_of(run.model, outputs)
    unit = last.unit if isinstance(last, ExactHead) else 1.0
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(weights / scale / unit))
        last.bias.copy_(torch.from_numpy(biases / unit))
    run.acted(key, heads_fitted=1)
    run.noted(key, rows=len(seen.targets), strength=chosen)


def fitted(run: RunContext, key: str, strength: float | None) -> AbstractContextManager[None]:
    """Fit the head unless it is; nothing has to be put back afterwards, so that checkpoints hold what was scored."""
    state = run.state.setdefault(key, {})
    if not state.get("fitted"):
        fit_head(run, key, strength)
        state["fitted"] = True
    return nullcontext()


def _scaled(seen: Seen) -> tuple[Seen, float]:
    scale = float(np.sqrt(np.square(seen.vectors).sum(axis=1).mean())) or 1.0
    return Seen(seen.vectors / scale, seen.targets, seen.weights), scale


def read_rows(run: RunContext) -> Seen:
    """What the head reads of the training rows, without dropout and in float32, with targets and weights."""
    assert run.source is not None and run.labels is not None and run.criterion is not None
    rows = run.source.train
    order = np.argsort(-rows.lengths, kind="stable")  # of like length together: no padding
    vectors, weights = [], []
    head = head_of(run.model, run.labels.outputs)
    with torch.no_grad(), evaluated(run.model), head_inputs(head) as seen:
        for batch in run.source.batches(rows.take(order)):
            run.model(**model_inputs(batch))
            vectors.append(pooled(seen, batch["attention_mask"]).cpu())
            weights.append(run.criterion.counts(batch).cpu())
            seen.clear()
    read, counts = (torch.cat(parts).double().numpy() for parts in (vectors, weights))
    return Seen(read, rows.fixed["labels"][order], counts)


__all__ = ["fit_head", "fitted", "read_rows", "with_pooling"]
