"""The loss in chunks is torch's own, in value and in every gradient, and less is held at once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from tunebook.nets import vocabulary_loss
from tunebook.nets.vocabulary_loss import Vocabulary, figures, losses, mean_loss

TOKENS, WIDTH, WORDS = 150, 8, 37
KINDS = ("plain", "bias", "cap", "scale", "all")


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_loss, "_AT_ONCE_ON_CPU", 64 * WORDS)  # three chunks, the last a short one


def parts(kind: str = "plain") -> tuple[list[Tensor], dict[str, Any], Tensor]:
    """Vectors, weight and bias; cap and scale; targets."""
    torch.manual_seed(0)
    made = [torch.randn(TOKENS, WIDTH), torch.randn(WORDS, WIDTH), torch.randn(WORDS)]
    made = made[: 3 if kind in ("bias", "all") else 2]
    rules = {"cap": 3.0 if kind in ("cap", "all") else None, "scale": 0.5 if kind in ("scale", "all") else 1.0}
    return [one.requires_grad_() for one in made], rules, torch.randint(WORDS, (TOKENS,))


def oracle(made: list[Tensor], rules: dict[str, Any], targets: Tensor, reduction: str = "mean") -> Tensor:
    logits = linear(*made).float() * rules["scale"]
    logits = logits if rules["cap"] is None else torch.tanh(logits / rules["cap"]) * rules["cap"]
    return cross_entropy(logits, targets, reduction=reduction)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_those_of_torch(kind: str) -> None:
    made, rules, targets = parts(kind)
    expected = oracle(made, rules, targets)
    wanted = torch.autograd.grad(3 * expected, made)
    head = Vocabulary(*made[1:], **rules)
    found = mean_loss(made[0], head, targets)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for again in range(2):  # what is asked a second time is made anew
        for one, other in zip(torch.autograd.grad(3 * found, made, retain_graph=not again), wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_each_loss_has_a_gradient_of_its_own(kind: str) -> None:
    made, rules, targets = parts(kind)
    weights = torch.rand(TOKENS)
    each = oracle(made, rules, targets, "none")
    wanted = torch.autograd.grad((weights * each).sum(), made)
    head = Vocabulary(*made[1:], **rules)
    found = losses(made[0], head, targets)
    torch.testing.assert_close(found, each, rtol=1e-5, atol=1e-6)
    for one, other in zip(torch.autograd.grad((weights * found).sum(), made), wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_tokens_may_weigh_differently() -> None:
    made, rules, targets = parts("all")
    weights = torch.rand(TOKENS).mul_(torch.arange(TOKENS) % 3)
    expected = (oracle(made, rules, targets, "none") * weights).sum() / weights.sum()
    wanted = torch.autograd.grad(expected, made)
    head = Vocabulary(*made[1:], **rules)
    found = mean_loss(made[0], head, targets, weights)
    for again in range(2):
        for one, other in zip(torch.autograd.grad(found, made, retain_graph=not again), wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        both = float(found), float(mean_loss(made[0], head, targets, weights))
    assert both == pytest.approx([float(expected.detach())] * 2, rel=1e-5)
    assert float(mean_loss(made[0], head, targets, 0 * weights).detach()) == 0


def test_a_frozen_head_has_no_gradient_and_a_frozen_body_none_either() -> None:
    (vectors, weight), _, targets = parts()
    mean_loss(vectors, Vocabulary(weight.detach()), targets).backward()
    assert vectors.grad is not None
    assert weight.grad is None
    mean_loss(vectors.detach(), Vocabulary(weight), targets).backward()
    assert weight.grad is not None


def test_a_head_that_is_the_embedding_gets_both_gradients() -> None:
    torch.manual_seed(1)
    weight, targets = torch.randn(WORDS, WIDTH, requires_grad=True), torch.randint(WORDS, (TOKENS,))
    ids = torch.randint(WORDS, (TOKENS,))
    wanted = torch.autograd.grad(cross_entropy(weight[ids].tanh() @ weight.T, targets), weight)
    found = torch.autograd.grad(mean_loss(weight[ids].tanh(), Vocabulary(weight), targets), weight)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_products_in_bf16_are_those_of_autocast(kind: str) -> None:
    made, rules, targets = parts(kind)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = oracle(made, rules, targets)
    wanted = torch.autograd.grad(expected, made)
    found = mean_loss(made[0], Vocabulary(*made[1:], **rules, arithmetic=torch.bfloat16), targets)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    for one, other in zip(torch.autograd.grad(found, made), wanted, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.05, atol=2e-4)


def test_weights_in_bf16_have_gradients_in_bf16() -> None:
    made, rules, targets = parts("bias")
    small = [one.detach().bfloat16().requires_grad_() for one in made]
    mean_loss(small[0], Vocabulary(*small[1:]), targets).backward()
    wanted = torch.autograd.grad(oracle(made, rules, targets), made)
    for one, other in zip(small, wanted, strict=True):
        assert one.grad is not None
        assert one.grad.dtype == torch.bfloat16
        torch.testing.assert_close(one.grad.float(), other, rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_losses_and_hits(kind: str) -> None:
    made, rules, targets = parts(kind)
    head = Vocabulary(*made[1:], **rules)
    lost, right = figures(made[0], head, targets)
    torch.testing.assert_close(lost, oracle(made, rules, targets, "none"), rtol=1e-5, atol=1e-6)
    assert torch.equal(right, (linear(*made).argmax(-1) == targets).float())
    assert not lost.requires_grad
    with torch.no_grad():
        assert float(mean_loss(made[0], head, targets)) == pytest.approx(float(lost.mean()), rel=1e-5)


def test_no_targets_are_no_loss_and_no_gradient() -> None:
    (vectors, weight), _, targets = parts()
    head = Vocabulary(weight)
    found = mean_loss(vectors[:0], head, targets[:0])
    found.backward()
    assert float(found.detach()) == 0
    assert weight.grad is not None
    assert not weight.grad.any()
    assert [len(one) for one in figures(vectors[:0], head, targets[:0])] == [0, 0]


def test_no_tensor_is_as_large_as_all_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0
    real = Vocabulary.logits

    def watched(self: Vocabulary, vectors: Tensor) -> Tensor:
        nonlocal most
        found = real(self, vectors)
        most = max(most, found.numel())
        return found

    monkeypatch.setattr(Vocabulary, "logits", watched)
    (vectors, weight), _, targets = parts()
    mean_loss(vectors, Vocabulary(weight), targets).backward()
    figures(vectors, Vocabulary(weight), targets)
    assert most == 64 * WORDS < TOKENS * WORDS
