"""Costs before a run: worked out by hand from given speeds, and they move the right way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.core.nouns import Estimate, Split
from tunebook.models.architecture import architecture
from tunebook.models.cpu_speed import Speed
from tunebook.verbs.steps import estimate as module
from tunebook.verbs.steps.estimate import estimate, this_speed
from tunebook.verbs.steps.passes import Lines, Read
from tunebook.verbs.steps.sizes import sizes_of, sizes_of_kind

PARAMS: dict[str, Any] = {
    "batch_size": 8, "gradient_accumulation_steps": 2, "max_length": 32, "length_bucketing": "on", "max_epochs": 2,
    "eval_every": None, "gradient_checkpointing": False, "precision": "fp32",
}  # fmt: skip
SPEED = Speed(operation=1e-9, module=1e-3, tensor=1e-4, parameter=1e-8)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "this_speed", lambda width, tokens, precision: SPEED)


def cost(
    trained: int | None = None, steps: int = 20, mean_length: float = 20, longest: int = 32, **changes: Any
) -> Estimate:
    sizes = sizes_of(tiny.classifier("bert"))
    sizes = sizes if trained is None else replace(sizes, trained=trained, kept=sizes.flow // 2)
    read = changes.pop("read", Read(Lines(mean_length, 4.0, longest)))
    rows: dict[Split, int] = {"train": 160, "validation": 40, "test": 40}
    return estimate(sizes, small.filled(**{**PARAMS, **changes}), rows=rows, read=read, steps=steps)


def test_seconds_by_hand() -> None:
    """6 operations a token and parameter outside the embeddings, 2 where there is no way back; calls beside them."""
    model = tiny.classifier("bert")
    dense = sum(p.numel() for n, p in model.named_parameters() if "embeddings." not in n)
    total = sum(p.numel() for p in model.parameters())
    tokens = 20 * 1.05 * (16 * 20 * 3 + 40 * 2)
    leaves = 3 * 12 + 5 + 2 + 2  # a layer of BERT, embeddings, pooler, head
    tensors = len(list(model.parameters()))
    step = (2 * leaves * 2.2 + 20) * 1e-3 + tensors * 1e-4 + total * 1e-8
    look = (2 * leaves * 2.2 * 0.4 + 20) * 1e-3 + 12 * total / 300e6
    expected = 1 + 8 * total / 300e6 + 2 * dense * tokens * 1e-9 + 20 * step + 2 * look
    assert cost().seconds == pytest.approx(expected)
    assert cost().steps == 20


def test_what_costs_more_costs_more() -> None:
    plain = cost()
    assert cost(steps=40).seconds > plain.seconds
    assert cost(length_bucketing="off").seconds > plain.seconds
    assert cost(eval_every=1).seconds > plain.seconds > cost(eval_every=20).seconds
    assert cost(trained=100).seconds < plain.seconds
    assert cost(gradient_accumulation_steps=4).seconds > plain.seconds
    assert cost(batch_size=80).memory_bytes > plain.memory_bytes
    assert cost(longest=64).memory_bytes > plain.memory_bytes
    assert cost(gradient_checkpointing=True).memory_bytes < plain.memory_bytes
    assert cost(trained=100).memory_bytes < plain.memory_bytes
    assert cost(mean_length=8).seconds < plain.seconds
    assert cost(read=Read(Lines(20, 4.0, 32), before=True)).seconds > plain.seconds  # another model reads all rows
    assert cost(read=Read(Lines(20, 4.0, 32), padded=False)).seconds < plain.seconds


def test_several_processes_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = cost().seconds
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert alone / 2 < cost().seconds < alone


@pytest.mark.parametrize(("changes", "looks"), [({}, 2), ({"max_epochs": 9}, 2), ({"eval_every": 7}, 3)])
def test_looks_are_those_of_the_steps_that_are_taken(changes: dict[str, Any], looks: int) -> None:
    assert module._looks(small.filled(**{**PARAMS, **changes}), 20, 160) == looks


def test_sizes_of_a_config_are_those_of_the_model() -> None:
    for kind in ("bert", "roberta"):
        model = tiny.classifier(kind)
        known = architecture(model.config.to_dict(), 3)
        assert known is not None and sizes_of_kind(known) == replace(sizes_of(model), drops=True)


def test_the_clock_of_a_busy_machine_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = cost()
    assert idle.clock_seconds == idle.seconds
    monkeypatch.setattr(module, "this_speed", lambda *_: replace(SPEED, waiting=3.0))
    busy = cost()
    assert (busy.seconds, busy.clock_seconds) == (idle.seconds, pytest.approx(3 * idle.seconds))


@pytest.mark.parametrize(
    ("precision", "gain", "gpu", "expected"),
    [
        ("fp32", 1.0, False, "numpy"),
        ("auto", 1.7, False, "numpy"),
        ("bf16", 1.7, False, "numpy"),
        ("bf16", 1.0, False, "torch bf16"),
        ("fp16", 1.7, False, "torch fp16"),
        ("fp16", 1.0, True, "torch fp16"),
        ("auto", 1.0, True, "torch bf16"),
    ],
)
def test_who_measures(precision: str, gain: float, gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.engine import speed

    monkeypatch.undo()
    monkeypatch.setattr(module, "bf16_gain", lambda: gain)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(module, "measure_cpu", lambda width, tokens, kind: "numpy")
    monkeypatch.setattr(speed, "measure", lambda width, tokens, kind: f"torch {kind}")
    assert this_speed(64, 100, precision) == expected
