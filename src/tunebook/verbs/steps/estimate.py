"""What a run will need, from shapes and a short measurement: right within a factor of about two."""

from __future__ import annotations

import math

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Estimate, Split
from tunebook.core.settings import Filled
from tunebook.models.cpu_speed import Speed, bf16_gain, may_have_gpu, measure_cpu
from tunebook.tables.rules import effective_batch
from tunebook.verbs.steps.passes import LEAST_LOOK, Read
from tunebook.verbs.steps.sizes import Sizes, memory_bytes

PADDED = 1.6  # tokens of a pass of rows of all lengths, for each token that is theirs
_START = 1.0  # seconds until the first step, beside reading the weights
_DISK = 300e6  # bytes a second for weights and checkpoints
_CALLS = 2.2  # what a module of a real model costs, with all that is computed between modules, in calls of a plain one
_LOOP = 20.0  # what the trainer does around a step, in such calls
_ONE_WAY = 0.4  # share of a call's time that the way forward takes


def estimate(
    sizes: Sizes,
    params: Filled,
    *,
    rows: dict[Split, int],
    read: Read,
    steps: int,
) -> Estimate:
    """Seconds, memory and steps of a run.

    A token costs 2 floating-point operations for each parameter outside the embeddings on the way forward, and twice
    that on the way back where gradients are wanted (Kaplan et al. 2020, arXiv:2001.08361, section 2.1). To that comes
    what does not depend on the number of tokens: calls of modules, tensors of the optimiser, looks at the validation
    rows, checkpoints; and, where the model before is asked about all rows, their way forward.

    Args:
        rows: rows of each split; read: what the passes read of them.
    """
    from tunebook.engine.ranks import processes

    dense = max(sizes.parameters - sizes.lookups, 1)
    share = min(sizes.trained / dense, 1.0)
    padding = (1.05 if params.length_bucketing == "on" else PADDED) if read.padded else 1.0
    looked = read.lines.row * padding
    length = looked * read.share
    speed = this_speed(sizes.hidden, max(int(params.batch_size * length), 1), params.precision)
    batch = params.batch_size * params.gradient_accumulation_steps
    step = _step(sizes, params, speed, share)
    step += 2.0 * dense * length * batch * (1 + 2 * share) * speed.operation / processes()
    forward = 2.0 * dense * looked * rows["validation"] * speed.operation / processes()
    at_once = max(2 * params.batch_size, LEAST_LOOK) / read.lines.each
    calls = math.ceil(rows["validation"] / at_once) * sizes.modules * _CALLS * _ONE_WAY
    checkpoint = (4 * sizes.parameters + 8 * sizes.trained) / _DISK
    looks = _looks(params, steps, rows["train"])
    seconds = _START + 8 * sizes.parameters / _DISK  # the base model at the start, the best one at the end
    seconds += steps * step + looks * (forward + (calls + _LOOP) * speed.module + checkpoint)
    seconds += forward * (1 + rows["train"] / max(rows["validation"], 1)) if read.before else 0.0
    return Estimate(
        seconds=seconds,
        clock_seconds=seconds * speed.waiting,
        memory_bytes=memory_bytes(sizes, params, read, steps * params.gradient_accumulation_steps),
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


__all__ = ["PADDED", "estimate", "this_speed", "within"]
