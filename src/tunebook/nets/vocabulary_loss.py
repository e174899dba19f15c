"""Cross-entropy over a vocabulary, a few tokens at a time: logits (tokens, vocabulary) never stand whole in memory.

Of 2,048 tokens and 150,000 words the logits take 1.2 GB, their softmax and gradient as much again. Here some tokens
have their logits, loss and gradient made and are forgotten before the next ones: the gradients of the vectors and of
the head's weights add up in the forward pass, where the logits are at hand, so that nothing is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.autograd.function import once_differentiable

_AT_ONCE, _AT_ONCE_ON_CPU = 1 << 26, 1 << 24  # logits: 256 MB and 64 MB of them
_NOTHING = 1e-12
_FEWEST = 64  # tokens: below, the weights are read too often for too little work
Gradients = tuple[Tensor | None, Tensor | None, Tensor | None]


@dataclass(frozen=True)
class Vocabulary:
    """A linear head over a vocabulary.

    Attributes:
        weight: of shape (words, width); bias: of shape (words,), or None.
        cap: logits are cap * tanh(logits / cap); None for none.
        scale: what the model multiplies its logits by.
        arithmetic: of the products under autocast; None for that of the weights.
    """

    weight: Tensor
    bias: Tensor | None = None
    cap: float | None = None
    scale: float = 1.0
    arithmetic: torch.dtype | None = None

    def logits(self, vectors: Tensor) -> Tensor:
        """Of vectors (tokens, width), in float32, shape (tokens, words)."""
        kind = self.arithmetic or self.weight.dtype
        bias = None if self.bias is None else self.bias.to(kind)
        found = F.linear(vectors.to(kind), self.weight.to(kind), bias).float()
        found = found if self.scale == 1 else found * self.scale
        return found if self.cap is None else self.cap * torch.tanh(found / self.cap)

    def chunk(self) -> int:
        """Tokens whose logits are made at once."""
        most = _AT_ONCE if self.weight.is_cuda else _AT_ONCE_ON_CPU
        return max(_FEWEST, most // len(self.weight))


def mean_loss(vectors: Tensor, head: Vocabulary, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Weighted mean cross-entropy, a scalar; 0 where nothing weighs anything.

    Args:
        vectors: of shape (tokens, width); targets: numbers of words, shape (tokens,).
        weights: what each token counts, shape (tokens,); None for equal ones.
    """
    weights = torch.ones(len(targets), device=vectors.device) if weights is None else weights.float()
    shares = weights / weights.sum().clamp_min(_NOTHING)
    if not torch.is_grad_enabled():
        return (losses(vectors, head, targets) * shares).sum()
    given = (vectors, head.weight, head.bias, head, targets, shares)
    found: Tensor = _Mean.apply(*given)  # type: ignore[no-untyped-call]
    return found


def losses(vectors: Tensor, head: Vocabulary, targets: Tensor) -> Tensor:
    """Cross-entropy of each token, shape (tokens,). Its gradient makes the logits anew, since only then is it known
    what each token counts."""
    found: Tensor = _Each.apply(vectors, head.weight, head.bias, head, targets)  # type: ignore[no-untyped-call]
    return found


def figures(vectors: Tensor, head: Vocabulary, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each token and whether its target has the highest logit, as float32; without gradients."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(targets), head.chunk()):
            part = slice(start, start + head.chunk())
            logits, wanted = head.logits(vectors[part]), targets[part]
            lost = F.cross_entropy(logits, wanted, reduction="none")
            parts.append(torch.stack([lost, (logits.argmax(-1) == wanted).float()]))
        both = torch.cat(parts, dim=1) if parts else vectors.new_zeros((2, 0), dtype=torch.float32)
    return both[0], both[1]


def _walk(
    vectors: Tensor, head: Vocabulary, targets: Tensor, factors: Tensor | None, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor, Gradients]:
    """Losses of all tokens, and the gradients of the sum of `factors` times losses where there are factors.

    Args:
        factors: of shape (tokens,); wanted: whether vectors, weight and bias need a gradient.
    """
    kind = head.arithmetic or head.weight.dtype
    weight = head.weight.to(kind)
    inner = Vocabulary(weight, head.bias, head.cap, head.scale, head.arithmetic)
    lost = torch.empty(len(targets), dtype=torch.float32, device=vectors.device)
    made = wanted if factors is not None else (False, False, False)
    of_vectors = torch.empty_like(vectors) if made[0] else None
    of_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device) if made[1] else None
    of_bias = torch.zeros(len(weight), dtype=torch.float32, device=weight.device) if made[2] else None
    size = head.chunk()
    for start in range(0, len(targets), size):
        part = slice(start, start + size)
        logits, right = inner.logits(vectors[part]), targets[part, None]
        total = logits.logsumexp(1, keepdim=True)
        lost[part] = (total - logits.gather(1, right))[:, 0]
        if factors is None:
            continue
        slope = None if head.cap is None else 1 - (logits / head.cap).square_()
        wrong = logits.sub_(total).exp_()
        wrong.scatter_add_(1, right, torch.full_like(right, -1, dtype=wrong.dtype))
        wrong.mul_(factors[part, None] * head.scale)
        wrong = wrong if slope is None else wrong.mul_(slope)
        if of_bias is not None:
            of_bias += wrong.sum(0)
        wrong = wrong.to(kind)
        if of_vectors is not None:
            of_vectors[part] = wrong @ weight
        if of_weight is not None and kind == torch.float32:
            of_weight.addmm_(wrong.T, vectors[part].float())
        elif of_weight is not None:
            of_weight += wrong.T @ vectors[part].to(kind)
    if of_bias is not None and head.bias is not None:
        of_bias = of_bias.to(head.bias.dtype)
    return lost, (of_vectors, None if of_weight is None else of_weight.to(head.weight.dtype), of_bias)


class _Mean(torch.autograd.Function):
    """The mean, whose gradient is there when it is: only its factor is unknown."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        vectors, weight, bias, head, targets, shares = given
        ctx.wanted = tuple(ctx.needs_input_grad[:3])
        lost, ctx.gradients = _walk(vectors, head, targets, shares, ctx.wanted)
        ctx.save_for_backward(vectors, weight, bias, targets, shares)
        ctx.head = head
        total: Tensor = (lost * shares).sum()
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factor: Tensor) -> Any:
        vectors, weight, bias, targets, shares = ctx.saved_tensors
        found, ctx.gradients = ctx.gradients, None
        if found is None:  # asked a second time: the first has given them away
            _, found = _walk(vectors, _with(ctx.head, weight, bias), targets, factor * shares, ctx.wanted)
        else:
            found = tuple(None if one is None else one.mul_(factor) for one in found)
        return *found, None, None, None


class _Each(torch.autograd.Function):
    """The losses, whose gradient makes the logits anew."""

    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, weight: Tensor, bias: Tensor | None, head: Vocabulary, targets: Tensor
    ) -> Tensor:
        lost, _ = _walk(vectors, head, targets, None, (False, False, False))
        ctx.save_for_backward(vectors, weight, bias, targets)
        ctx.head = head
        return lost

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factors: Tensor) -> Any:
        vectors, weight, bias, targets = ctx.saved_tensors
        wanted = tuple(ctx.needs_input_grad[:3])
        _, found = _walk(vectors, _with(ctx.head, weight, bias), targets, factors.float(), wanted)
        return *found, None, None


def _with(head: Vocabulary, weight: Tensor, bias: Tensor | None) -> Vocabulary:
    """The head with the tensors that autograd kept, which tell whether they were changed meanwhile."""
    return Vocabulary(weight, bias, head.cap, head.scale, head.arithmetic)


__all__ = ["Vocabulary", "figures", "losses", "mean_loss"]
