"""FreeLB against its algorithm written out in plain torch, from a start that is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests.techniques.attacked import clean_loss, gradients, small_net
from tunebook.techniques.free_lb import FreeLB


def by_hand(net: Any, batch: dict[str, Tensor], start: Tensor, technique: FreeLB) -> Tensor:
    """Mean of the losses at r_0 ... r_{K-1}, with the embedded words handed in."""
    words = net.bert.embeddings.word_embeddings(batch["input_ids"])
    rest = {"attention_mask": batch["attention_mask"]}
    r, losses = start, []
    for _ in range(technique.steps):
        r = r.detach().requires_grad_()
        loss = F.cross_entropy(net(inputs_embeds=words + r, **rest).logits, batch["labels"])
        losses.append(loss)
        (g,) = torch.autograd.grad(loss, r, retain_graph=True)
        g = g * batch["attention_mask"][..., None]
        rows = []
        for now, slope in zip(r.detach(), g, strict=True):
            moved = now + technique.rate * slope / slope.norm()
            rows.append(moved * min(1.0, technique.epsilon / float(moved.norm())))
        r = torch.stack(rows)
    return sum(losses) / technique.steps  # type: ignore[return-value]


@pytest.mark.parametrize("epsilon", [5.0, 0.5])
def test_loss_and_gradients_are_those_of_the_algorithm_by_hand(epsilon: float) -> None:
    net, run, batch = small_net()
    technique = FreeLB(epsilon=epsilon, steps=3, start=0.4)
    starts: list[Tensor] = []

    def look(model: Any, given: dict[str, Tensor]) -> Any:
        seen: list[Tensor] = []
        handle = net.bert.embeddings.LayerNorm.register_forward_hook(lambda m, given, out: seen.append(given[0]))
        found = clean_loss(model, given)
        handle.remove()
        starts.append(seen[0].detach())
        return found

    mine, _ = technique.around_loss(look, run)(net, batch)
    clean: list[Tensor] = []
    net.bert.embeddings.LayerNorm.register_forward_hook(lambda m, given, out: clean.append(given[0].detach()))
    clean_loss(net, batch)
    start = starts[0] - clean[0]
    expected = by_hand(net, batch, start, technique)
    assert float(mine.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    wanted, found = gradients(net, expected), gradients(net, mine)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5, msg=name)
    assert not start[batch["attention_mask"] == 0].any()
    numbers = batch["attention_mask"].sum(1) * 16
    assert (start.abs().flatten(1).amax(1) <= 0.4 / numbers.sqrt() + 1e-5).all()
    assert start[batch["attention_mask"] == 1].abs().min() >= 0 and start.abs().max() > 0.01


def test_from_the_clean_text_the_first_loss_is_the_plain_one() -> None:
    net, run, batch = small_net(dropout=0.3)
    losses: list[Tensor] = []

    def note(model: Any, given: dict[str, Tensor]) -> Any:
        found = clean_loss(model, given)
        losses.append(found[0].detach())
        return found

    torch.manual_seed(0)
    torch.empty((), dtype=torch.int64).random_()  # the seed of the noise
    plain = float(clean_loss(net, batch)[0].detach())
    torch.manual_seed(0)
    total, _ = FreeLB(start=0.0, steps=2).around_loss(note, run)(net, batch)
    assert float(losses[0]) == pytest.approx(plain, rel=1e-6)
    assert float(total.detach()) == pytest.approx(float(sum(losses)) / 2)
    assert losses[1] > losses[0]


def test_the_noise_is_another_for_each_batch_and_follows_from_the_seed() -> None:
    net, run, batch = small_net()
    loss = FreeLB(epsilon=1.0, start=3.0).around_loss(clean_loss, run)

    def twice() -> list[float]:
        torch.manual_seed(1)
        return [float(loss(net, batch)[0].detach()) for _ in range(2)]

    found = twice()
    assert found == twice() and found[0] != found[1]
