"""The fast dropout is dropout: right share, right scale, right gradient, and the seed decides."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.nets.attention import NAME, attention, use_fast_dropout
from tunebook.nets.dropout import FastDropout, dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_and_scale(p: float) -> None:
    torch.manual_seed(0)
    out = dropout(torch.ones(1000, 1001), p)
    zeros = (out == 0).float().mean().item()
    error = 4 * (p * (1 - p) / out.numel()) ** 0.5  # four standard errors
    assert abs(zeros - p) < error + 1 / 65536
    assert torch.allclose(out[out != 0], torch.tensor(1 / (1 - p)), rtol=1e-4)


def test_every_place_is_drawn_alike() -> None:
    """All four parts of a random word must be fair: a sign bit that is always 0 would spoil every fourth entry."""
    torch.manual_seed(0)
    zeros = (dropout(torch.ones(400_000), 0.3) == 0).float().view(-1, 4).mean(0)
    assert (zeros - 0.3).abs().max() < 0.006
    neighbours = (dropout(torch.ones(200_000), 0.5) == 0).float()
    assert abs(torch.corrcoef(torch.stack([neighbours[:-1], neighbours[1:]]))[0, 1]) < 0.01


def test_gradient_is_that_of_the_mask() -> None:
    x = torch.randn(7, 5, requires_grad=True)
    out = dropout(x, 0.4)
    out.sum().backward()
    mask = (out != 0).float() / 0.6
    assert x.grad is not None
    torch.testing.assert_close(x.grad, mask, rtol=1e-4, atol=0)


def test_ends_and_seed() -> None:
    x = torch.randn(10)
    assert dropout(x, 0.0) is x
    assert (dropout(x, 1.0) == 0).all()
    torch.manual_seed(1)
    first = dropout(torch.ones(100), 0.5)
    torch.manual_seed(1)
    assert torch.equal(dropout(torch.ones(100), 0.5), first)
    assert not torch.equal(dropout(torch.ones(100), 0.5), first)


def test_off_while_evaluating() -> None:
    layer = FastDropout(0.5).eval()
    x = torch.randn(5)
    assert layer(x) is x


@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_attention_with_tiny_dropout_is_attention(mask: str | None) -> None:
    """With p below half of 1/65536 nothing is dropped, and the long way must give what torch's kernel gives."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 6, 4) for _ in range(3))
    seen = torch.ones(2, 1, 6, 6, dtype=torch.bool)
    seen[0, :, :, 4:] = False
    masks = {"bool": seen, "float": torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)}
    given = masks[mask] if mask else None
    module = nn.Module().train()
    module.is_causal = False
    ours, _ = attention(module, query, key, value, given, dropout=1e-9, scaling=0.5)
    expected = nn.functional.scaled_dot_product_attention(query, key, value, given, scale=0.5).transpose(1, 2)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)
    quick, _ = attention(module.eval(), query, key, value, given, dropout=0.5, scaling=0.5)
    torch.testing.assert_close(quick, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("told", [None, True])
def test_attention_of_a_decoder_does_not_look_ahead_without_a_mask_either(told: bool | None) -> None:
    """A batch without padding has no mask, and heads may share their keys."""
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 4, 6, 4), torch.randn(2, 2, 6, 4), torch.randn(2, 2, 6, 4)
    module = nn.Module().train()
    module.is_causal = told is None
    ours, _ = attention(module, query, key, value, None, dropout=1e-9, scaling=0.5, is_causal=told)
    whole = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=0.5, enable_gqa=True)
    torch.testing.assert_close(ours, whole.transpose(1, 2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_a_model_keeps_its_answers_and_names(kind: str) -> None:
    plain, fast = tiny.classifier(kind, dropout=0.2), tiny.classifier(kind, dropout=0.2)
    names = list(fast.state_dict())
    assert use_fast_dropout(fast) > 0
    assert list(fast.state_dict()) == names
    batch = tiny.collate(tiny.rows(6), 1 if kind == "roberta" else 0)
    torch.testing.assert_close(fast.eval()(**batch).logits, plain.eval()(**batch).logits, rtol=1e-5, atol=1e-6)
    fast.train()
    torch.manual_seed(0)
    first = fast(**batch).logits
    assert not torch.allclose(first, fast(**batch).logits)
    if kind == "bert":
        assert fast.config._attn_implementation == NAME
        assert NAME not in fast.config.to_json_string()


def test_the_mean_over_many_draws_is_the_answer_without() -> None:
    """Dropout of attention weights is unbiased: its mean is attention without dropout."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 2, 5, 4) for _ in range(3))
    module = nn.Module().train()
    module.is_causal = False
    draws = torch.stack([attention(module, query, key, value, None, dropout=0.3)[0] for _ in range(4000)])
    expected, _ = attention(module.eval(), query, key, value, None)
    error = draws.std(0) / len(draws) ** 0.5
    assert ((draws.mean(0) - expected).abs() < 5 * error + 1e-6).all()
