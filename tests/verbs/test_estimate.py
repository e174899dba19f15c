"""Costs before a run: counted exactly where they can be, and they move the right way."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests import tiny
from tunebook.core.nouns import Estimate
from tunebook.verbs import estimate as module
from tunebook.verbs.estimate import estimate

PARAMS: dict[str, Any] = {
    "batch_size": 8, "gradient_accumulation_steps": 2, "max_length": 32, "length_bucketing": "on", "max_epochs": 2,
    "eval_every": None, "gradient_checkpointing": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_operations_per_second", lambda: 1e9)


def cost(trained: int | None = None, steps: int = 10, **changes: Any) -> Estimate:
    model = tiny.classifier("bert")
    total = sum(parameter.numel() for parameter in model.parameters())
    rows = {"train": 160, "validation": 40, "test": 40}
    return estimate(
        model, {**PARAMS, **changes}, rows=rows, mean_length=20, steps=steps,
        trained=total if trained is None else trained,
    )  # type: ignore[arg-type]  # fmt: skip


def test_seconds_by_hand() -> None:
    """6 operations a token and parameter outside the embeddings, 2 where there is no way back."""
    model = tiny.classifier("bert")
    dense = sum(p.numel() for n, p in model.named_parameters() if "embeddings." not in n)
    tokens = 20 * 1.05 * (16 * 10 * 3 + 40 * 2)
    assert cost().seconds == pytest.approx(2 * dense * tokens / 0.5e9)
    assert cost().steps == 10


def test_what_costs_more_costs_more() -> None:
    plain = cost()
    assert cost(steps=20).seconds > plain.seconds
    assert cost(length_bucketing="off").seconds > plain.seconds
    assert cost(eval_every=1).seconds > plain.seconds
    assert cost(trained=100).seconds < plain.seconds
    assert cost(batch_size=80).memory_bytes > plain.memory_bytes
    assert cost(max_length=64).memory_bytes > plain.memory_bytes
    assert cost(gradient_checkpointing=True).memory_bytes < plain.memory_bytes
    assert cost(trained=100).memory_bytes < plain.memory_bytes
    assert cost(max_length=8).seconds < plain.seconds


def test_the_speed_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    module._operations_per_second.cache_clear()
    found = module._operations_per_second(64)
    module._operations_per_second.cache_clear()
    assert 1e6 < found < 1e16
    assert torch.get_default_dtype() == torch.float32
