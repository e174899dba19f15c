"""Attention in blocks is attention: values and gradients are those of the formula written out, whatever the blocks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tunebook.nets import attention as attentions
from tunebook.nets.attention import attention
from tunebook.nets.dropout import drawn

TEXTS, HEADS, LENGTH, WIDTH, P = 3, 4, 6, 5, 0.3


def module_of(training: bool = True) -> nn.Module:
    made = nn.Module().train(training)
    made.is_causal = False  # type: ignore[assignment]
    return made


def inputs(kind: torch.dtype = torch.float64, queries: int = LENGTH) -> list[Tensor]:
    torch.manual_seed(3)
    lengths = (queries, LENGTH, LENGTH)
    return [torch.randn(TEXTS, HEADS, length, WIDTH, dtype=kind, requires_grad=True) for length in lengths]


def stays(monkeypatch: pytest.MonkeyPatch, block: int, queries: int = LENGTH) -> Tensor:
    """Let blocks have so many weights; what stays in the pass that comes, of all heads."""
    monkeypatch.setattr(attentions, "_BLOCK", block)
    torch.manual_seed(11)
    kept = torch.zeros(TEXTS, HEADS, queries, LENGTH, dtype=torch.bool)
    for part in attentions._blocks(torch.empty(TEXTS, HEADS, queries, WIDTH), torch.empty(TEXTS, HEADS, LENGTH, WIDTH)):
        kept[part] = drawn(kept[part].shape, P)[0]
    torch.manual_seed(11)
    return kept


def formula(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, kept: Tensor) -> Tensor:
    scores = torch.einsum("thqw,thkw->thqk", query, key) / WIDTH**0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e30) if mask.dtype == torch.bool else scores + mask
    weights = torch.softmax(scores, -1) * kept / (1 - round(P * 65536) / 65536)
    return torch.einsum("thqk,thkw->tqhw", weights, value)


def masks(kind: str) -> Tensor | None:
    torch.manual_seed(5)
    if kind == "none":
        return None
    if kind == "bool":
        seen = torch.ones(TEXTS, 1, LENGTH, LENGTH, dtype=torch.bool)
        seen[1, :, :, 4:] = False
        return seen
    heads = HEADS if kind == "heads" else 1
    return torch.randn(1 if kind == "shared" else TEXTS, heads, LENGTH, LENGTH, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("kind", ["none", "bool", "float", "heads", "shared"])
@pytest.mark.parametrize("block", [1, 40, 72, 300, 10_000])  # a head, some, most of a text, two texts, all
def test_values_and_gradients_are_those_of_the_formula(kind: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = stays(monkeypatch, block)
    given, mask, weights = inputs(), masks(kind), torch.randn(TEXTS, LENGTH, HEADS, WIDTH, dtype=torch.float64)
    torch.manual_seed(11)
    made, _ = attention(module_of(), *given, mask, dropout=P)
    wanted = formula(*given, mask, kept)
    torch.testing.assert_close(made, wanted)
    asked = [*given, *([mask] if mask is not None and mask.requires_grad else [])]
    found = torch.autograd.grad((made * weights).sum(), asked)
    for ours, theirs in zip(found, torch.autograd.grad((wanted * weights).sum(), asked), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_one_query_may_ask_all_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    given, mask, kept = inputs(queries=1), masks("bool"), stays(monkeypatch, 40, 1)
    assert mask is not None
    made, _ = attention(module_of(), *given, mask[:, :, :1], dropout=P)
    torch.testing.assert_close(made, formula(*given, mask[:, :, :1], kept))
    module = module_of()
    module.is_causal = True  # type: ignore[assignment]
    torch.manual_seed(11)
    made, _ = attention(module, *given, None, dropout=P)
    torch.testing.assert_close(made, formula(*given, None, kept), msg="the last of a text looks back at all of it")


@pytest.mark.parametrize("block", [1, 72, 10_000])
def test_bf16_is_near_what_float32_gives(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products in bf16, sums of the softmax in float32, as under autocast; what comes back is bf16 again."""
    given, kept = inputs(torch.bfloat16), stays(monkeypatch, block)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made, _ = attention(module_of(), *given, None, dropout=P)
    made.float().sum().backward()
    wanted = formula(*(item.detach().float() for item in given), None, kept)
    torch.testing.assert_close(made.float(), wanted, rtol=0.05, atol=0.05)
    assert all(item.grad is not None and item.grad.dtype == torch.bfloat16 for item in given)


def test_weights_are_not_kept_for_the_way_back() -> None:
    """Of each weight one byte: whether it stays."""
    saved: list[Tensor] = []

    def pack(item: Tensor) -> Any:
        saved.append(item)
        return item

    given = [torch.randn(2, 2, 64, 4, requires_grad=True) for _ in range(3)]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda item: item):
        attention(module_of(), *given, None, dropout=P)
    square = [item for item in saved if item.shape[-1] == 64]
    assert square and {item.dtype for item in square} == {torch.bool}
