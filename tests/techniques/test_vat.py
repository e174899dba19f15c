"""VAT against its algorithm written out in plain torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests.techniques.attacked import SINGLE, clean_loss, gradients, small_net
from tunebook.core.nouns import Labels
from tunebook.techniques.vat import VAT

NEUTRAL = {"weight": 0.0}
ACTS = {"xi": 0.5}


def by_hand(net: Any, batch: dict[str, Tensor], d: Tensor, technique: VAT) -> Tensor:
    """Clean loss plus KL(p || p shifted), p held fixed, with torch's own kl_div."""
    words = net.bert.embeddings.word_embeddings(batch["input_ids"])
    mask = batch["attention_mask"][..., None]

    def answer(shift: Tensor | float) -> Tensor:
        found: Tensor = net(inputs_embeds=words + shift, attention_mask=batch["attention_mask"]).logits
        return found

    clean = answer(0.0)
    p = clean.detach().softmax(1)

    def apart(shift: Tensor) -> Tensor:
        return F.kl_div(answer(shift).log_softmax(1), p, reduction="batchmean")

    for _ in range(technique.power):
        r = (technique.xi * d).requires_grad_()
        (g,) = torch.autograd.grad(apart(r), r)
        d = torch.stack([row / row.norm() for row in g * mask])
    return F.cross_entropy(clean, batch["labels"]) + technique.weight * apart(technique.epsilon * d)


@pytest.mark.parametrize("power", [1, 3])
def test_loss_and_gradients_are_those_of_the_algorithm_by_hand(power: int) -> None:
    net, run, batch = small_net()
    technique = VAT(epsilon=2.0, weight=0.7, power=power)
    mine, _ = technique.around_loss(clean_loss, run)(net, batch)
    torch.manual_seed(3)  # as small_net left it
    noise = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    d = torch.randn(mine.new_empty(*batch["input_ids"].shape, 16).shape, generator=noise)
    d = torch.stack([row / row.norm() for row in d * batch["attention_mask"][..., None]])
    expected = by_hand(net, batch, d, technique)
    assert float(mine.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)
    wanted, found = gradients(net, expected), gradients(net, mine)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=2e-2, atol=1e-4, msg=name)
    assert run.counters["vat"]["mean_norm"] == pytest.approx(2.0, rel=1e-5)


def test_labels_play_no_part_in_the_divergence() -> None:
    net, run, batch = small_net()
    one = VAT().around_loss(clean_loss, run)(net, batch)[0] - clean_loss(net, batch)[0]
    torch.manual_seed(3)
    other = {**batch, "labels": (batch["labels"] + 1) % 3}
    two = VAT().around_loss(clean_loss, run)(net, other)[0] - clean_loss(net, other)[0]
    assert float(one.detach()) == pytest.approx(float(two.detach()), rel=1e-3, abs=1e-6)


def test_it_finds_a_worse_direction_than_chance() -> None:
    net, run, batch = small_net()
    VAT(epsilon=2.0, power=1).around_loss(clean_loss, run)(net, batch)
    words = net.bert.embeddings.word_embeddings(batch["input_ids"]).detach()
    rest = {"attention_mask": batch["attention_mask"]}
    p = net(inputs_embeds=words, **rest).logits.detach().softmax(1)
    by_chance = []
    for _ in range(20):
        d = torch.randn_like(words) * batch["attention_mask"][..., None]
        d = 2.0 * d / d.flatten(1).norm(dim=1)[:, None, None]
        q = net(inputs_embeds=words + d, **rest).logits.detach().log_softmax(1)
        by_chance.append(float(F.kl_div(q, p, reduction="batchmean")))
    assert run.counters["vat"]["mean_divergence"] > max(by_chance)


@pytest.mark.parametrize(
    "labels",
    [SINGLE, Labels(problem="multi_label", names=["a", "b"]), Labels(problem="ordinal", names=["a", "b", "c"]),
     Labels(problem="regression")],
    ids=lambda labels: labels.problem,
)  # fmt: skip
def test_every_kind_of_labels(labels: Labels) -> None:
    net, run, batch = small_net(labels=labels)
    assert run.criterion is not None
    total, _ = VAT().around_loss(run.criterion.loss, run)(net, batch)
    clean = float(run.criterion.loss(net, batch)[0].detach())
    assert float(total.detach()) == pytest.approx(clean + run.counters["vat"]["mean_divergence"], rel=1e-4)
    assert run.counters["vat"]["mean_divergence"] > 0


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert VAT(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
