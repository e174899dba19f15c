"""Hidden states and attention are those that transformers itself gives, in every architecture."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests import tiny
from tunebook.nets.distillation import Watched, first, over_tokens

ENCODERS = (*tiny.ENCODERS, "xlm-roberta")


def net_and_batch(kind: str) -> tuple[Any, dict[str, Any]]:
    batch = tiny.collate(tiny.rows(5), 1 if "roberta" in kind else 0)
    return tiny.classifier(kind), {**batch, "row": torch.arange(5), "x.own": torch.zeros(5)}


@pytest.mark.parametrize("kind", ENCODERS)
def test_hidden_states_are_those_of_transformers(kind: str) -> None:
    net, batch = net_and_batch(kind)
    watched = Watched(net)
    with watched.states() as states:
        watched.read(batch)
    wanted = net(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], output_hidden_states=True)
    assert watched.layers == 3 and list(states) == [0, 1, 2, 3]
    for number in range(3 if kind == "modernbert" else 4):  # ModernBERT norms what it gives out as the last one
        torch.testing.assert_close(first(states[number], 5), wanted.hidden_states[number])
        assert not states[number][0].requires_grad
    net(input_ids=batch["input_ids"])
    assert len(states[1]) == 1, "the hooks are gone"


@pytest.mark.parametrize("kind", ENCODERS)
def test_queries_keys_and_values_of_a_layer(kind: str) -> None:
    net, batch = net_and_batch(kind)
    watched = Watched(net)
    with watched.attention(2) as parts, watched.states() as states:
        watched.read(batch)
    assert watched.projections(2) == [16, 16, 16]
    layer = next(module for name, module in net.named_modules() if name.endswith(("layer.1", "layers.1")))
    given = states[1][0]
    if kind == "modernbert":
        wanted = layer.attn.Wqkv(layer.attn_norm(given)).chunk(3, dim=-1)
    else:
        names = [name for name, _ in layer.named_modules() if name.endswith(("query", "key", "value", "q_lin", "k_lin",
                 "v_lin", ".query_proj", ".key_proj", ".value_proj"))]  # fmt: skip
        wanted = [layer.get_submodule(name)(given) for name in names]
    assert len(wanted) == 3
    for number in range(3):
        torch.testing.assert_close(parts[number][0], wanted[number])


def test_a_layer_without_them_has_none() -> None:
    net, _ = net_and_batch("bert")
    net.bert.encoder.layer[2].attention = torch.nn.Identity()
    assert Watched(net).projections(3) == []


def test_the_rows_as_they_are_come_first_and_padding_counts_nothing() -> None:
    still, moved = torch.zeros(2, 3), torch.ones(4, 3, requires_grad=True)
    assert first([still, moved], 2).tolist() == [[1.0] * 3] * 2
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert over_tokens(torch.tensor([[1.0, 3.0, 99.0], [5.0, 99.0, 99.0]]), mask).tolist() == [2.0, 5.0]
