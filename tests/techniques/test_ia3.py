"""Factors of keys, values and the inside of the feed-forward part, by hand."""

from __future__ import annotations

import torch

from tests import tiny
from tests.efficient import batch, scatter, under

LAYER = "base_model.model.bert.encoder.layer.0"


def test_keys_values_and_the_inside_of_the_feed_forward_part_are_scaled() -> None:
    """Liu et al. 2022, section 3.3: softmax(Q (l_k K)^T) (l_v V) and (l_ff f(W1 x)) W2."""
    model, _, _ = under("ia3")
    scatter(model, "ia3_l")
    x = torch.randn(3, 16)
    for name in ("key", "value"):
        part = model.get_submodule(f"{LAYER}.attention.self.{name}")
        torch.testing.assert_close(part(x), part.base_layer(x) * part.ia3_l.default.flatten())
    out = model.get_submodule(f"{LAYER}.output.dense")
    inside = torch.randn(3, 32)
    wanted = (inside * out.ia3_l.default.flatten()) @ out.base_layer.weight.T + out.base_layer.bias
    torch.testing.assert_close(out(inside), wanted)


def test_a_factor_for_each_dimension_and_nothing_else() -> None:
    model, _, _ = under("ia3")
    sizes = {name: item.numel() for name, item in model.named_parameters() if "ia3_l" in name}
    assert sum(sizes.values()) == 3 * (16 + 16 + 32)
    assert not any(part in name for name in sizes for part in ("query", "attention.output", "intermediate"))


def test_at_first_nothing_has_changed() -> None:
    model, _, _ = under("ia3", "roberta")
    assert torch.equal(
        model.eval()(**batch("roberta")).logits, tiny.classifier("roberta").eval()(**batch("roberta")).logits
    )
