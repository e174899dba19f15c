"""A classifier that reads the mean: what its head reads is that, to its tanh, and plain transformers loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import tiny
from tunebook.models.architecture import depths
from tunebook.nets.heads import head_inputs, head_of
from tunebook.nets.mean_token import can_read_mean, mean_layer, read_mean, reads_mean

CAN = ("bert", "roberta", "xlm-roberta", "electra")


def batch() -> dict[str, torch.Tensor]:
    found = tiny.collate(tiny.rows(6, seed=3), pad=1)
    return {name: found[name] for name in ("input_ids", "attention_mask")}


def head_reads(net: Any) -> torch.Tensor:
    net.eval()
    with torch.no_grad(), head_inputs(head_of(net, 3)) as seen:
        net(**batch())
    return seen[0]


@pytest.mark.parametrize("kind", CAN)
def test_the_head_reads_the_mean_of_the_tokens(kind: str) -> None:
    net = tiny.classifier(kind).eval()
    given = batch()
    with torch.no_grad():
        tokens = net.base_model(**given).last_hidden_state
    mask = given["attention_mask"][..., None]
    mean = (tokens * mask).sum(1) / mask.sum(1)
    wanted = torch.nn.functional.layer_norm(mean, mean.shape[1:], eps=0.0)
    assert can_read_mean(net) and not reads_mean(net)
    read_mean(net)
    assert reads_mean(net) and depths(net).layers == net.config.num_hidden_layers == 4
    act = torch.nn.functional.gelu if kind == "electra" else torch.tanh
    torch.testing.assert_close(head_reads(net), act(0.1 * wanted), rtol=2e-2, atol=2e-3)
    assert (head_reads(tiny.classifier(kind)) - act(0.1 * wanted)).abs().max() > 0.1, "which it did not before"


@pytest.mark.parametrize("kind", CAN)
def test_plain_transformers_loads_it(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    net = tiny.classifier(kind).eval()
    read_mean(net)
    net.save_pretrained(str(tmp_path))
    loaded = AutoModelForSequenceClassification.from_pretrained(str(tmp_path)).eval()
    assert reads_mean(loaded)
    with torch.no_grad():
        assert torch.equal(loaded(**batch()).logits, net(**batch()).logits)


@pytest.mark.parametrize("kind", CAN)
def test_what_is_added_is_not_trained_and_has_no_dropout(kind: str) -> None:
    net = tiny.classifier(kind, dropout=0.5)
    before = sum(item.numel() for item in net.parameters())
    read_mean(net)
    layers: Any = net.get_submodule(depths(net).prefix)
    assert not any(item.requires_grad for item in layers[-1].parameters())
    assert not any(module.p for module in layers[-1].modules() if isinstance(module, torch.nn.Dropout))
    assert mean_layer(net) == f"{depths(net).prefix}.3." and mean_layer(tiny.classifier(kind)) == ""
    assert all(item.requires_grad for item in layers[-2].parameters()), "the layer that it was made from still is"
    assert sum(item.numel() for item in net.parameters() if item.requires_grad) < before


def test_modernbert_can_by_itself() -> None:
    net = tiny.classifier("modernbert")
    assert can_read_mean(net) and not reads_mean(net)
    first = head_reads(net)
    read_mean(net)
    assert reads_mean(net) and depths(net).layers == 3
    assert not torch.allclose(first, head_reads(net))


@pytest.mark.parametrize("kind", ["distilbert", "deberta-v2"])
def test_others_cannot(kind: str) -> None:
    net = tiny.classifier(kind)
    assert not can_read_mean(net) and not reads_mean(net)
