"""Mixup against the same blend done by hand, with the model's own parts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests import small, tiny
from tests.techniques.attacked import SINGLE, clean_loss, small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.techniques.mixup import Mixup

NEUTRAL = {"alpha": 0.0}


def draws(alpha: float = 0.4, rows: int = 8) -> tuple[float, Tensor]:
    """What is drawn after `small_net`."""
    torch.manual_seed(3)
    b = float(torch.distributions.Beta(alpha, alpha).sample())
    return max(b, 1 - b), torch.randperm(rows)


@pytest.mark.parametrize("layer", [0, 2])
def test_it_is_the_blend_by_hand(layer: int) -> None:
    """Layer 0: words handed in. Layer 2: the rows' and their partners' states after two layers."""
    net, run, batch = small_net()
    mine, _ = Mixup(layer=layer).around_loss(clean_loss, run)(net, batch)
    share, partners = draws()
    mask = batch["attention_mask"]
    both = (mask * mask[partners])[..., None]
    assert both.sum() < mask.sum()

    def blend(states: Tensor) -> Tensor:
        return torch.where(both.bool(), share * states + (1 - share) * states[partners], states)

    if layer == 0:
        words = net.bert.embeddings.word_embeddings(batch["input_ids"])
        logits = net(inputs_embeds=blend(words), attention_mask=mask).logits
    else:
        after = net.bert(batch["input_ids"], attention_mask=mask, output_hidden_states=True).hidden_states[2]
        last = net.bert.encoder.layer[2]
        wide = torch.where(mask[:, None, None].bool(), 0.0, torch.finfo(torch.float32).min)
        out = last(blend(after), attention_mask=wide)
        logits = net.classifier(net.bert.pooler(out[0] if isinstance(out, tuple) else out))
    own, theirs = (F.cross_entropy(logits, batch["labels"][order]) for order in (torch.arange(8), partners))
    assert float(mine.detach()) == pytest.approx(float((share * own + (1 - share) * theirs).detach()), rel=1e-5)
    assert run.counters["mixup"] == pytest.approx({"batches": 1, "blended": 1 - share})


@pytest.mark.parametrize("kind", tiny.ENCODERS)
@pytest.mark.parametrize("layer", [0, 1, 3])
def test_every_architecture_and_layer(kind: str, layer: int) -> None:
    net, run, batch = small_net(kind)
    plain = clean_loss(net, batch)[1].logits
    torch.manual_seed(3)
    loss, outputs = Mixup(layer=layer, alpha=2.0).around_loss(clean_loss, run)(net, batch)
    loss.backward()
    assert not torch.allclose(outputs.logits, plain, atol=1e-7)
    assert torch.equal(clean_loss(net, batch)[1].logits, plain), "nothing is left behind"


def test_partners_bring_their_labels_their_weights_and_their_columns() -> None:
    net, run, batch = small_net()
    batch |= {"sample_weight": torch.linspace(0, 1, 8), "row": torch.arange(8), "other.column": torch.arange(8) * 2}
    seen: list[dict[str, Tensor]] = []
    assert run.criterion is not None
    criterion = run.criterion

    def note(model: Any, given: dict[str, Tensor]) -> Any:
        seen.append(given)
        return criterion.loss(model, given)

    loss, outputs = Mixup(layer=1).around_loss(note, run)(net, batch)
    share, partners = draws()
    for name in ("labels", "sample_weight", "row", "other.column"):
        assert torch.equal(seen[1][name], batch[name][partners])
    assert torch.equal(seen[1]["input_ids"], batch["input_ids"])
    losses = F.cross_entropy(outputs.logits, batch["labels"][partners], reduction="none")
    weights = batch["sample_weight"][partners]
    theirs = (losses * weights).sum() / weights.sum()
    own = criterion.loss(lambda **_: outputs, batch)[0]  # type: ignore[arg-type]
    assert float(loss.detach()) == pytest.approx(float((share * own + (1 - share) * theirs).detach()), rel=1e-5)


def test_of_numbers_the_gradient_is_that_of_the_blended_number() -> None:
    net, run, batch = small_net(labels=Labels(problem="regression"))
    assert run.criterion is not None
    loss, outputs = Mixup(layer=0).around_loss(run.criterion.loss, run)(net, batch)
    share, partners = draws()
    blended = share * batch["labels"] + (1 - share) * batch["labels"][partners]
    expected = F.mse_loss(outputs.logits[:, 0], blended)
    (one,) = torch.autograd.grad(loss, outputs.logits, retain_graph=True)
    (other,) = torch.autograd.grad(expected, outputs.logits)
    torch.testing.assert_close(one, other)


def test_the_layer_is_another_for_each_batch_unless_it_is_named() -> None:
    net, run, batch = small_net()
    layers: list[int] = []
    places = [net.get_input_embeddings(), *net.bert.encoder.layer]

    def look(model: Any, given: dict[str, Tensor]) -> Any:
        layers.extend(at for at, place in enumerate(places) if place._forward_hooks)
        return clean_loss(model, given)

    loss = Mixup().around_loss(look, run)
    for _ in range(40):
        loss(net, batch)
    assert set(layers) == {0, 1, 2, 3}


def test_a_row_on_its_own_is_left_alone() -> None:
    net, run, batch = small_net(rows=1)
    loss, _ = Mixup().around_loss(clean_loss, run)(net, batch)
    assert torch.equal(loss, clean_loss(net, batch)[0])
    assert run.counters == {}


def test_without_a_mask_and_with_learnt_prompts_before_the_text() -> None:
    net, run, batch = small_net()
    del batch["attention_mask"]
    Mixup(layer=1).around_loss(clean_loss, run)(net, batch)
    words = net.bert.embeddings.word_embeddings

    def prompted(model: Any, given: dict[str, Tensor]) -> Any:
        longer = torch.cat([torch.zeros(8, 4, 16), words(given["input_ids"])], dim=1)
        mask = F.pad(given["attention_mask"], (4, 0), value=1)
        outputs = net(inputs_embeds=longer, attention_mask=mask) if model is net else model()
        return F.cross_entropy(outputs.logits, given["labels"]), outputs

    _, run, batch = small_net()
    run.model = net
    Mixup(layer=1).around_loss(prompted, run)(net, batch)
    assert run.counters["mixup"]["batches"] == 1


def facts(checkpointing: bool = False) -> Facts:
    config = tiny.config("bert").to_dict()
    return Facts("t", SINGLE, small.filled(gradient_checkpointing=checkpointing), config, frozenset(), 10)


def test_layers_that_cannot_be_are_refused() -> None:
    for technique, given, code in (
        (Mixup(layer=4), facts(), "losses.layer"),
        (Mixup(), facts(True), "losses.recomputed"),
        (Mixup(layer=2), facts(True), "losses.recomputed"),
    ):
        with pytest.raises(PlanError) as caught:
            technique.refuse(given)
        assert caught.value.code == code and caught.value.allowed
    Mixup(layer=0).refuse(facts(True))
    Mixup(layer=3).refuse(facts())


def test_the_words_may_be_blended_where_activations_are_computed_again() -> None:
    net, run, batch = small_net()
    net.gradient_checkpointing_enable({"use_reentrant": False})
    loss, _ = Mixup(layer=0).around_loss(clean_loss, run)(net, batch)
    loss.backward()
    assert run.counters["mixup"]["batches"] == 1


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert Mixup(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
