"""What a run will need, from shapes and a short measurement: right within a factor of about two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tunebook.core.nouns import Estimate, Split
from tunebook.tables.rules import planned_steps

if TYPE_CHECKING:
    from tunebook.engine.speed import Speed

_BASE = 700 << 20  # Python, torch and transformers, before any model
_START = 1.0  # seconds until the first step, beside reading the weights
_DISK = 300e6  # bytes a second for weights and checkpoints
_CALLS = 2.2  # what a module of a real model costs, with all that is computed between modules, in calls of a plain one
_LOOP = 20.0  # what the trainer does around a step, in such calls
_ONE_WAY = 0.4  # share of a call's time that the way forward takes


def estimate(
    model: Any, params: dict[str, Any], *, rows: dict[Split, int], mean_length: float, steps: int, trained: int
) -> Estimate:
    """Seconds, memory and steps of a run.

    A token costs 2 floating-point operations for each parameter outside the embeddings on the way forward, and twice
    that on the way back where gradients are wanted (Kaplan et al. 2020, arXiv:2001.08361, section 2.1). To that comes
    what does not depend on the number of tokens: calls of modules, tensors of the optimiser, looks at the validation
    rows, checkpoints.

    Args:
        model: the model on the meta device.
        rows: rows of each split; mean_length: tokens of a row, cut at max_length.
        trained: parameters that are trained.
    """
    from tunebook.engine.machine import pick_precision
    from tunebook.engine.ranks import processes
    from tunebook.engine.speed import measure

    parameters = sum(item.numel() for item in model.parameters())
    lookups = sum(item.numel() for name, item in model.named_parameters() if "embeddings." in name)
    dense = max(parameters - lookups, 1)
    share = min(trained / dense, 1.0)
    length = mean_length * (1.05 if params["length_bucketing"] == "on" else 1.6)
    width = int(getattr(model.config, "hidden_size", 768))
    speed = measure(width, max(int(params["batch_size"] * length), 1), pick_precision(str(params["precision"])))
    batch = params["batch_size"] * params["gradient_accumulation_steps"]
    step = _step(model, params, speed, trained=trained, share=share)
    step += 2.0 * dense * length * batch * (1 + 2 * share) * speed.operation / processes()
    forward = 2.0 * dense * length * rows["validation"] * speed.operation / processes()
    calls = math.ceil(rows["validation"] / max(2 * params["batch_size"], 32)) * _modules(model) * _CALLS * _ONE_WAY
    checkpoint = (4 * parameters + 8 * trained) / _DISK
    looks = _looks(params, steps, rows["train"])
    return Estimate(
        seconds=_START
        + 8 * parameters / _DISK  # the base model at the start, the best one at the end
        + steps * step
        + looks * (forward + (calls + _LOOP) * speed.module + checkpoint),
        memory_bytes=int(_BASE + 4 * parameters + 12 * trained + _activations(model.config, params, share)),
        steps=steps,
        parameters=parameters,
        trained=trained,
    )


def _step(model: Any, params: dict[str, Any], speed: Speed, *, trained: int, share: float) -> float:
    """Seconds of an optimiser step over rows without tokens."""
    from tunebook.engine.batching import shares_here

    tensors = sum(1 for item in model.parameters() if item.requires_grad)
    back = _ONE_WAY + (1 - _ONE_WAY) * share
    calls = shares_here(params).passes * _modules(model) * _CALLS * back + _LOOP
    return calls * speed.module + tensors * speed.tensor + trained * speed.parameter


def _modules(model: Any) -> int:
    """Modules that hold no others: what a forward pass calls."""
    return sum(1 for module in model.modules() if next(module.children(), None) is None)


def _looks(params: dict[str, Any], steps: int, rows: int) -> int:
    """Looks at the validation rows, the one at the end included."""
    every = params["eval_every"] or planned_steps({**params, "max_steps": None, "max_epochs": 1}, rows)
    return math.ceil(steps / every)


def _activations(config: Any, params: dict[str, Any], share: float) -> float:
    """Bytes kept for the way back: 34 s b h + 5 a s^2 b a layer in half precision, twice that in fp32.

    Korthikanti et al. 2022 (arXiv:2205.05198), formula 1.
    """
    length, batch = params["max_length"], params["batch_size"]
    hidden = getattr(config, "hidden_size", 768)
    heads = getattr(config, "num_attention_heads", 12)
    layers = getattr(config, "num_hidden_layers", 12)
    layer = length * batch * (34 * hidden + 5 * heads * length)
    kept = 1 if params["gradient_checkpointing"] else max(layers * share, 1)
    return float(2 * layer * kept)


__all__ = ["estimate"]
