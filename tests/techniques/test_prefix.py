"""Keys and values before those of the text, by hand for one layer."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.efficient import batch, facts, under
from tunebook.core.errors import PlanError
from tunebook.techniques.prefix import Prefix


def test_attention_sees_the_prefix_before_the_text() -> None:
    """softmax([Q P_k^T, Q K^T] / sqrt(d)) [P_v; V], with the weights of layer 1 and two heads of width 8."""
    model, _, _ = under("prefix", tokens=3)
    rows = batch()
    part = model.base_model.bert.encoder.layer[1].attention.self
    seen: dict[str, torch.Tensor] = {}

    def keep(module: Any, given: Any, options: Any, out: Any) -> None:
        seen["x"], seen["out"] = (given[0] if given else options["hidden_states"]), out[0]

    part.register_forward_hook(keep, with_kwargs=True)
    model.eval()(**rows)
    table = model.prompt_encoder.default.embedding.weight  # (tokens, layers * 2 * width)
    keys, values = table.view(3, 6, 2, 8).permute(1, 2, 0, 3)[2:4]  # key and value of layer 1: (heads, tokens, 8)

    def heads(linear: Any) -> torch.Tensor:
        return linear(seen["x"]).view(6, -1, 2, 8).transpose(1, 2)

    key = torch.cat([keys.expand(6, -1, -1, -1), heads(part.key)], dim=2)
    value = torch.cat([values.expand(6, -1, -1, -1), heads(part.value)], dim=2)
    scores = heads(part.query) @ key.transpose(2, 3) / 8**0.5
    mask = torch.cat([torch.ones(6, 3), rows["attention_mask"]], dim=1)[:, None, None]
    weights = torch.softmax(scores.masked_fill(mask == 0, -1e9), dim=-1)
    wanted = (weights @ value).transpose(1, 2).reshape(6, -1, 16)
    real = rows["attention_mask"].bool()
    torch.testing.assert_close(seen["out"][real], wanted[real], rtol=1e-4, atol=1e-5)


def test_gradient_checkpointing_is_refused() -> None:
    with pytest.raises(PlanError) as caught:
        Prefix().refuse(facts("bert", settings={"gradient_checkpointing": True}))
    assert caught.value.code == "peft.checkpointing" and "lora" in caught.value.allowed
