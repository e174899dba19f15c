"""Speeds are measured, are plausible, and leave no trace in random numbers."""

from __future__ import annotations

import pytest
import torch

from tunebook.engine import speed
from tunebook.engine.speed import measure


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_speed_is_one_of_a_machine(precision: str) -> None:
    measure.cache_clear()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    found = measure(64, 200, precision)
    assert torch.equal(torch.rand(4), expected), "a plan changes no random number of its caller"
    assert 1e-16 < found.operation < 1e-6
    assert 1e-7 < found.module < 1e-1
    assert 1e-8 < found.tensor < 1e-1
    assert 1e-13 < found.parameter < 1e-6
    assert measure(64, 200, precision) is found, "measured once a process"


def test_no_more_tokens_than_patience_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    passes = speed._passes

    def count(block: speed._Block, tokens: int, precision: str) -> object:
        asked.append(tokens)
        return passes(block, tokens, precision)

    monkeypatch.setattr(speed, "_passes", count)
    measure.cache_clear()
    measure(32, 100)
    assert asked == [1, 16, 64, 100]
    asked.clear()
    monkeypatch.setattr(speed, "_PATIENCE", 0.0)
    measure(32, 5000)
    assert asked == [1, 16]
