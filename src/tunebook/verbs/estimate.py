"""What a run will need, from shapes and a short measurement: right within a factor of about two."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from tunebook.core.nouns import Estimate, Split

_BASE = 700 << 20  # Python, torch and transformers, before any model
_EFFICIENCY = 0.5  # share of a large matrix product's speed that a training step reaches


def estimate(
    model: Any, params: dict[str, Any], *, rows: dict[Split, int], mean_length: float, steps: int, trained: int
) -> Estimate:
    """Seconds, memory and steps of a run.

    A token costs 2 floating-point operations for each parameter outside the embeddings on the way forward, and twice
    that on the way back where gradients are wanted (Kaplan et al. 2020, arXiv:2001.08361, section 2.1).

    Args:
        model: the model on the meta device.
        rows: rows of each split; mean_length: tokens of a row.
        trained: parameters that are trained.
    """
    parameters = sum(item.numel() for item in model.parameters())
    lookups = sum(item.numel() for name, item in model.named_parameters() if "embeddings." in name)
    dense = max(parameters - lookups, 1)
    batch = params["batch_size"] * params["gradient_accumulation_steps"]
    share = min(trained / dense, 1.0)
    length = min(mean_length, params["max_length"]) * (1.05 if params["length_bucketing"] == "on" else 1.6)
    looks = params["max_epochs"] if params["eval_every"] is None else steps // params["eval_every"]
    work = 2.0 * dense * length * (batch * steps * (1 + 2 * share) + rows["validation"] * looks)
    return Estimate(
        seconds=work / (_operations_per_second() * _EFFICIENCY),
        memory_bytes=int(_BASE + 4 * parameters + 12 * trained + _activations(model.config, params, share)),
        steps=steps,
        parameters=parameters,
        trained=trained,
    )


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


@cache
def _operations_per_second(size: int = 768) -> float:
    """Floating-point operations a second of a matrix product on this machine, measured for a few milliseconds."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    left = torch.randn(size, size, device=device)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        float((left @ left).sum())  # waits for the device
        times.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(times)


__all__ = ["estimate"]
