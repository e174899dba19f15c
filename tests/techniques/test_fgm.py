"""FGM against the method written out in plain torch; and what every attack on embedded words owes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests import tiny
from tests.ground import Ground
from tests.techniques.attacked import clean_loss, gradients, small_net
from tunebook.techniques.fgm import FGM

NEUTRAL = {"weight": 0.0}


def by_hand(net: Any, batch: dict[str, Tensor], epsilon: float, weight: float) -> Tensor:
    """Both passes with the embedded words handed in, nothing of Tunebook's."""
    words = net.bert.embeddings.word_embeddings(batch["input_ids"])
    rest = {"attention_mask": batch["attention_mask"]}
    asked = words.detach().requires_grad_()
    loss = F.cross_entropy(net(inputs_embeds=asked, **rest).logits, batch["labels"])
    (g,) = torch.autograd.grad(loss, asked)
    g = g * batch["attention_mask"][..., None]
    r = torch.stack([epsilon * row / row.norm() for row in g])
    clean = F.cross_entropy(net(inputs_embeds=words, **rest).logits, batch["labels"])
    return clean + weight * F.cross_entropy(net(inputs_embeds=words + r, **rest).logits, batch["labels"])


def test_loss_and_gradients_are_those_of_the_method_by_hand() -> None:
    net, run, batch = small_net()
    mine, _ = FGM(epsilon=0.7, weight=0.5).around_loss(clean_loss, run)(net, batch)
    expected = by_hand(net, batch, 0.7, 0.5)
    assert float(mine.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, value in gradients(net, expected).items():
        torch.testing.assert_close(gradients(net, mine, again=True)[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_the_shift_has_the_length_that_was_asked_for_and_padding_has_none() -> None:
    net, run, batch = small_net(dropout=0.3)
    seen: list[Tensor] = []
    handle = net.bert.embeddings.word_embeddings.register_forward_hook(lambda m, given, out: seen.append(out))
    FGM(epsilon=0.7).around_loss(clean_loss, run)(net, batch)
    handle.remove()
    after: list[Tensor] = []

    def look(model: Any, given: dict[str, Tensor]) -> Any:
        handle = net.bert.embeddings.LayerNorm.register_forward_hook(lambda m, given, out: after.append(given[0]))
        found = clean_loss(model, given)
        handle.remove()
        return found

    FGM(epsilon=0.7).around_loss(look, run)(net, batch)
    shift = (after[1] - after[0]).detach()
    torch.testing.assert_close(shift.flatten(1).norm(dim=1), torch.full((8,), 0.7), rtol=1e-4, atol=1e-5)
    assert not shift[batch["attention_mask"] == 0].any()
    assert run.counters["fgm"]["mean_norm"] == pytest.approx(0.7, rel=1e-5)
    assert run.counters["fgm"]["rows"] == 16


def test_both_passes_have_the_same_dropout() -> None:
    """A shift too small to matter changes nothing, for the dropout is the same."""
    net, run, batch = small_net(dropout=0.4)
    losses: list[float] = []

    def note(model: Any, given: dict[str, Tensor]) -> Any:
        loss, outputs = clean_loss(model, given)
        losses.append(float(loss.detach()))
        return loss, outputs

    FGM(epsilon=1e-4).around_loss(note, run)(net, batch)
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    FGM(epsilon=1e-4).around_loss(note, run)(net, batch)
    assert abs(losses[2] - losses[0]) > 1e-3, "the next batch has another dropout"


def test_it_raises_the_loss_under_frozen_words_and_leaves_gradients_alone() -> None:
    net, run, batch = small_net()
    net.bert.embeddings.requires_grad_(False)
    technique = FGM(epsilon=2.0)
    loss, outputs = technique.around_loss(clean_loss, run)(net, batch)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert run.counters["fgm"]["mean_loss"] > float(clean_loss(net, batch)[0].detach()) + 0.01
    assert torch.equal(outputs.logits, net(**{k: v for k, v in batch.items() if k != "labels"}).logits)
    loss.backward()


@pytest.mark.parametrize("kind", tiny.ENCODERS)
@pytest.mark.parametrize("recomputed", [False, True])
def test_every_architecture_also_with_recomputed_activations(kind: str, recomputed: bool) -> None:
    net, run, batch = small_net(kind)
    expected = gradients(net, FGM(epsilon=1.0).around_loss(clean_loss, run)(net, batch)[0])
    if recomputed:
        net.gradient_checkpointing_enable({"use_reentrant": False})
    found = gradients(net, FGM(epsilon=1.0).around_loss(clean_loss, run)(net, batch)[0])
    assert run.counters["fgm"]["mean_norm"] == pytest.approx(1.0, rel=1e-5)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_a_loss_that_no_shift_can_change_counts_nothing() -> None:
    net, run, batch = small_net()
    FGM().around_loss(lambda model, given: (clean_loss(model, given)[0] * 0, None), run)(net, batch)
    assert "fgm" not in run.counters


def test_rows_that_weigh_nothing_are_not_counted() -> None:
    net, run, batch = small_net()

    def half(model: Any, given: dict[str, Tensor]) -> Any:
        logits = clean_loss(model, given)[1].logits
        return F.cross_entropy(logits[:4], given["labels"][:4]), None

    FGM(epsilon=0.5).around_loss(half, run)(net, batch)
    assert run.counters["fgm"]["rows"] == 4
    assert run.counters["fgm"]["mean_norm"] == pytest.approx(0.5, rel=1e-5)


def test_it_is_woven_inside_penalties_and_outside_losses(ground: Ground) -> None:
    made = ground.plan({"l2_sp": {}, "fgm": {}, "focal": {}, "ewc": {}, "mixup": {}})
    assert list(made.techniques)[:3] == ["focal", "mixup", "fgm"]
    assert set(list(made.techniques)[3:]) == {"l2_sp", "ewc"}


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert FGM(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
