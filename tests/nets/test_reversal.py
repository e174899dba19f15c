"""The gradient comes back as -strength times itself, the value as it was."""

from __future__ import annotations

import torch

from tunebook.nets.reversal import Reversal, reverse


def test_values_stay_and_gradients_turn() -> None:
    given = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(4, 3, dtype=torch.float64)
    out = reverse(given, 0.3)
    assert torch.equal(out, given) and isinstance(out.grad_fn, Reversal._backward_cls)  # type: ignore[attr-defined]
    (out.tanh() * weights).sum().backward()
    plain = given.detach().clone().requires_grad_()
    (plain.tanh() * weights).sum().backward()
    torch.testing.assert_close(given.grad, -0.3 * plain.grad)
