"""What a run will need, from shapes and a short measurement: right within a factor of about two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Estimate, Split
from tunebook.core.settings import Filled
from tunebook.models.architecture import Architecture
from tunebook.models.cpu_speed import Speed, bf16_gain, may_have_gpu, measure_cpu
from tunebook.tables.rules import effective_batch

PADDED = 1.6  # tokens of a pass of rows of all lengths, for each token that is theirs
_BASE = 700 << 20  # Python, torch and transformers, before any model
_START = 1.0  # seconds until the first step, beside reading the weights
_DISK = 300e6  # bytes a second for weights and checkpoints
_CALLS = 2.2  # what a module of a real model costs, with all that is computed between modules, in calls of a plain one
_LOOP = 20.0  # what the trainer does around a step, in such calls
_ONE_WAY = 0.4  # share of a call's time that the way forward takes


@dataclass(frozen=True)
class Sizes:
    """What a model's costs depend on.

    Attributes:
        parameters: all of them; trained: those that training moves.
        lookups: those of embeddings, which are not multiplied.
        tensors: parameter tensors that are trained; modules: modules that hold no others.
        hidden, heads, layers: width and depth of the body.
    """

    parameters: int
    lookups: int
    trained: int
    tensors: int
    modules: int
    hidden: int
    heads: int
    layers: int


def sizes_of(model: Any) -> Sizes:
    """Of a model, which may be one without weights."""
    weights, config = dict(model.named_parameters()), model.config
    return Sizes(
        parameters=sum(item.numel() for item in weights.values()),
        lookups=sum(item.numel() for name, item in weights.items() if "embeddings." in name),
        trained=sum(item.numel() for item in weights.values() if item.requires_grad),
        tensors=sum(1 for item in weights.values() if item.requires_grad),
        modules=sum(1 for module in model.modules() if next(module.children(), None) is None),
        hidden=int(getattr(config, "hidden_size", 768)),
        heads=int(getattr(config, "num_attention_heads", 12)),
        layers=int(getattr(config, "num_hidden_layers", 12)),
    )


def sizes_of_kind(kind: Architecture) -> Sizes:
    """Of a model that is trained whole, told from its config."""
    every = kind.parameters
    inner = (kind.hidden, kind.heads, kind.layers)
    return Sizes(every, kind.lookups, every, len(kind.shapes), kind.modules, *inner)


def estimate(
    sizes: Sizes,
    params: Filled,
    *,
    rows: dict[Split, int],
    mean_length: float,
    steps: int,
    reads: tuple[float, float] = (1.0, 1.0),
) -> Estimate:
    """Seconds, memory and steps of a run.

    A token costs 2 floating-point operations for each parameter outside the embeddings on the way forward, and twice
    that on the way back where gradients are wanted (Kaplan et al. 2020, arXiv:2001.08361, section 2.1). To that comes
    what does not depend on the number of tokens: calls of modules, tensors of the optimiser, looks at the validation
    rows, checkpoints.

    Args:
        rows: rows of each split; mean_length: tokens of a row, its texts cut at max_length.
        reads: texts of a row in a step of training, and the share that these are of all that it has.
    """
    from tunebook.engine.ranks import processes

    dense = max(sizes.parameters - sizes.lookups, 1)
    share = min(sizes.trained / dense, 1.0)
    looked = mean_length * (1.05 if params.length_bucketing == "on" else PADDED)
    length = looked * reads[1]
    speed = this_speed(sizes.hidden, max(int(params.batch_size * length), 1), params.precision)
    batch = params.batch_size * params.gradient_accumulation_steps
    step = _step(sizes, params, speed, share)
    step += 2.0 * dense * length * batch * (1 + 2 * share) * speed.operation / processes()
    forward = 2.0 * dense * looked * rows["validation"] * speed.operation / processes()
    calls = math.ceil(rows["validation"] / max(2 * params.batch_size, 32)) * sizes.modules * _CALLS * _ONE_WAY
    checkpoint = (4 * sizes.parameters + 8 * sizes.trained) / _DISK
    looks = _looks(params, steps, rows["train"])
    seconds = _START + 8 * sizes.parameters / _DISK  # the base model at the start, the best one at the end
    seconds += steps * step + looks * (forward + (calls + _LOOP) * speed.module + checkpoint)
    return Estimate(
        seconds=seconds,
        clock_seconds=seconds * speed.waiting,
        memory_bytes=int(
            _BASE + 4 * sizes.parameters + 12 * sizes.trained + reads[0] * _activations(sizes, params, share)
        ),
        steps=steps,
        parameters=sizes.parameters,
        trained=sizes.trained,
    )


def this_speed(width: int, tokens: int, precision: str) -> Speed:
    """Speed of this machine: of its GPU where there is one, else of its processor."""
    if may_have_gpu():
        import torch

        if torch.cuda.is_available():
            from tunebook.engine.machine import pick_precision
            from tunebook.engine.speed import measure

            return measure(width, tokens, pick_precision(precision))
    if precision in ("fp32", "auto") or (precision == "bf16" and bf16_gain() > 1):
        return measure_cpu(width, tokens, precision)
    from tunebook.engine.speed import measure  # arithmetic that this processor only imitates

    return measure(width, tokens, precision)


def _step(sizes: Sizes, params: Filled, speed: Speed, share: float) -> float:
    """Seconds of an optimiser step over rows without tokens."""
    from tunebook.engine.ranks import shares_here

    back = _ONE_WAY + (1 - _ONE_WAY) * share
    calls = shares_here(params).passes * sizes.modules * _CALLS * back + _LOOP
    return calls * speed.module + sizes.tensors * speed.tensor + sizes.trained * speed.parameter


def _looks(params: Filled, steps: int, rows: int) -> int:
    """Looks at the validation rows, the one at the end included."""
    every = params.eval_every or math.ceil(rows / effective_batch(params))
    return math.ceil(steps / every)


def _activations(sizes: Sizes, params: Filled, share: float) -> float:
    """Bytes kept for the way back: 34 s b h + 5 a s^2 b a layer in half precision, twice that in fp32.

    Korthikanti et al. 2022 (arXiv:2205.05198), formula 1.
    """
    length, batch = params.max_length, params.batch_size
    layer = length * batch * (34 * sizes.hidden + 5 * sizes.heads * length)
    kept = 1 if params.gradient_checkpointing else max(sizes.layers * share, 1)
    return float(2 * layer * kept)


def within(limit: float | None, sizes: Sizes) -> None:
    """Refuse to train a larger share of the parameters than the table allows.

    Raises:
        PlanError: `peft.share`.
    """
    trained, parameters = sizes.trained, sizes.parameters
    if limit is not None and trained > limit * parameters:
        raise PlanError(
            "peft.share",
            key="max_trained_share",
            value=limit,
            allowed=f">= {math.ceil(1e4 * trained / parameters) / 1e4:g}",
            share=f"{trained / parameters:.2%}",
            trained=f"{trained:,}",
            all=f"{parameters:,}",
        )


__all__ = ["PADDED", "Sizes", "estimate", "sizes_of", "sizes_of_kind", "this_speed", "within"]
