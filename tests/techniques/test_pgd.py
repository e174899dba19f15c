"""PGD against its iteration written out in plain torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests.techniques.attacked import clean_loss, gradients, small_net
from tunebook.techniques.fgm import FGM
from tunebook.techniques.pgd import PGD

NEUTRAL = {"weight": 0.0}


def by_hand(net: Any, batch: dict[str, Tensor], epsilon: float, rate: float, steps: int) -> tuple[Tensor, Tensor]:
    """Clean plus shifted loss and the shift, with the embedded words handed in."""
    words = net.bert.embeddings.word_embeddings(batch["input_ids"])
    rest = {"attention_mask": batch["attention_mask"]}
    r = torch.zeros_like(words).detach()
    for _ in range(steps):
        r.requires_grad_()
        loss = F.cross_entropy(net(inputs_embeds=words.detach() + r, **rest).logits, batch["labels"])
        (g,) = torch.autograd.grad(loss, r)
        g = g * batch["attention_mask"][..., None]
        rows = []
        for now, slope in zip(r.detach(), g, strict=True):
            moved = now + rate * slope / slope.norm()
            rows.append(moved * min(1.0, epsilon / float(moved.norm())))
        r = torch.stack(rows)
    clean = F.cross_entropy(net(inputs_embeds=words, **rest).logits, batch["labels"])
    return clean + F.cross_entropy(net(inputs_embeds=words + r, **rest).logits, batch["labels"]), r


@pytest.mark.parametrize(("epsilon", "rate", "steps"), [(1.0, 0.4, 3), (0.5, 0.4, 4), (5.0, 0.1, 1)])
def test_loss_and_gradients_are_those_of_the_iteration_by_hand(epsilon: float, rate: float, steps: int) -> None:
    net, run, batch = small_net()
    mine, _ = PGD(epsilon=epsilon, rate=rate, steps=steps).around_loss(clean_loss, run)(net, batch)
    expected, shift = by_hand(net, batch, epsilon, rate, steps)
    assert float(mine.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert run.counters["pgd"]["mean_norm"] == pytest.approx(float(shift.flatten(1).norm(dim=1).mean()), rel=1e-4)
    wanted, found = gradients(net, expected), gradients(net, mine)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5, msg=name)


def test_with_one_step_of_the_whole_length_it_is_fgm() -> None:
    net, run, batch = small_net()
    one, _ = PGD(epsilon=1.5, rate=1.5, steps=1).around_loss(clean_loss, run)(net, batch)
    other, _ = FGM(epsilon=1.5).around_loss(clean_loss, run)(net, batch)
    assert float(one.detach()) == pytest.approx(float(other.detach()), rel=1e-6)


def test_more_steps_find_a_worse_shift_of_the_same_length() -> None:
    net, run, batch = small_net()
    PGD(epsilon=6.0, rate=6.0, steps=1).around_loss(clean_loss, run)(net, batch)
    net, again, batch = small_net()
    PGD(epsilon=6.0, rate=1.0, steps=20).around_loss(clean_loss, again)(net, batch)
    assert again.counters["pgd"]["mean_loss"] > run.counters["pgd"]["mean_loss"]
    assert again.counters["pgd"]["mean_norm"] <= 6.0 + 1e-4


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert PGD(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
