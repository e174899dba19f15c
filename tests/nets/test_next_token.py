"""The pass of a language model: its head works at the targets alone, whatever the model does with its logits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tunebook.nets.next_token import Predict, passed

_SMALL = {
    "vocab_size": 60, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 64, "pad_token_id": 0, "head_dim": 8,
}  # fmt: skip
KINDS = {
    "llama": {}, "qwen2": {"tie_word_embeddings": True}, "gemma2": {"final_logit_softcapping": 2.0},
    "cohere": {"logit_scale": 0.25}, "granite": {"logits_scaling": 4.0},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
}  # fmt: skip


def model_of(kind: str) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    own = {} if kind == "gpt2" else _SMALL
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{"vocab_size": 60, **own, **KINDS[kind]}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    return model.float().eval()


def batch_of() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    ids = torch.randint(5, 60, (3, 9))
    lengths = torch.tensor([9, 4, 7])
    mask = (torch.arange(9) < lengths[:, None]).long()
    labels = ids.masked_fill((mask == 0) | (torch.arange(9) < 2), -100)
    return {"input_ids": ids * mask, "attention_mask": mask, "labels": labels}


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_those_of_the_model(kind: str) -> None:
    model, batch, criterion = model_of(kind), batch_of(), Predict(1)
    expected = model(**batch).loss
    expected.backward()
    wanted = {name: item.grad.clone() for name, item in model.named_parameters()}
    for _ in range(2):  # the first pass asks how the model makes its logits, the second knows
        model.zero_grad()
        loss, outputs = criterion.loss(model, batch)
        assert outputs.head is not None, "the logits stood whole"
        assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
        loss.backward()
        for name, item in model.named_parameters():
            torch.testing.assert_close(item.grad, wanted[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_for_logits_gets_those_of_the_model(kind: str) -> None:
    model, batch, criterion = model_of(kind), batch_of(), Predict(1)
    items = criterion.flat(criterion.seen(model, batch), batch)
    plain = criterion.flat(model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]), batch)
    torch.testing.assert_close(items.logits, plain.logits, rtol=1e-4, atol=1e-4)
    assert torch.equal(items.targets, plain.targets)
    (slope,) = torch.autograd.grad(items.logits.square().mean(), model.get_output_embeddings().weight)
    assert slope.any()


@pytest.mark.parametrize("head", ["plain", "own"])
def test_a_row_counts_what_it_weighs(head: str) -> None:
    model, batch, criterion = model_of("llama"), batch_of(), Predict(1)
    if head == "own":
        other = nn.Linear(16, 60)
        model.get_output_embeddings = lambda: other
    weights = torch.tensor([0.5, 0.0, 2.0])
    rows = [{name: item[row : row + 1] for name, item in batch.items()} for row in range(3)]
    alone = [float(criterion.loss(model, row)[0].detach()) for row in rows]
    items = torch.tensor([float(criterion.items(row)) for row in rows]) * weights
    batch["sample_weight"] = weights
    assert criterion.counts(batch).tolist() == items.tolist()
    expected = float((torch.tensor(alone) * items).sum() / items.sum())
    found, outputs = criterion.loss(model, batch)
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)
    own = criterion.flat(outputs, batch)
    assert float(own.mean(cross_entropy(own.logits, own.targets, reduction="none")).detach()) == pytest.approx(
        expected, rel=1e-5
    )
    with torch.no_grad():
        assert float(criterion.loss(model, batch)[0]) == pytest.approx(expected, rel=1e-5)


def test_a_model_with_logits_of_its_own_making_gives_them_itself() -> None:
    model, batch = model_of("llama"), batch_of()
    criterion = Predict(1)
    stock = model.forward

    def forward(**given: Any) -> Any:
        outputs = stock(**given)
        outputs.logits = outputs.logits.square()
        return outputs

    model.forward = forward
    expected = cross_entropy(criterion.flat(model(**_inputs(batch)), batch).logits, criterion.targets(batch))
    for _ in range(2):
        loss, outputs = criterion.loss(model, batch)
        assert outputs.head is None
        assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_a_head_with_low_rank_maps_works_at_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    from peft import LoraConfig, get_peft_model

    batch, criterion = batch_of(), Predict(1)
    model: Any = get_peft_model(model_of("llama"), LoraConfig(r=2, target_modules=["lm_head", "q_proj"]))
    expected = model(**batch).loss
    loss, outputs = criterion.loss(model, batch)
    assert outputs.outputs.logits.shape == (int(criterion.items(batch)), 60)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    loss.backward()
    assert model.get_output_embeddings().lora_B["default"].weight.grad.any()
    assert model.get_output_embeddings().base_layer.weight.grad is None


def test_a_frozen_head_still_moves_the_layers_below() -> None:
    model, batch = model_of("llama"), batch_of()
    model.get_output_embeddings().weight.requires_grad_(False)
    Predict(1).loss(model, batch)[0].backward()
    assert model.get_output_embeddings().weight.grad is None
    assert model.model.layers[0].self_attn.q_proj.weight.grad.any()


def test_autocast_inside_the_model_holds_for_the_head() -> None:
    model, batch, criterion = model_of("llama"), batch_of(), Predict(1)
    exact = float(criterion.loss(model, batch)[0].detach())
    stock = model.forward

    def forward(**given: Any) -> Any:  # as accelerate wraps it
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return stock(**given)

    model.forward = forward
    loss, outputs = criterion.loss(model, batch)
    assert outputs.head.arithmetic == torch.bfloat16
    assert float(loss.detach()) == pytest.approx(exact, rel=0.03)
    assert float(loss.detach()) != exact


def test_a_head_that_the_model_does_not_call_is_left_to_it() -> None:
    model, batch, criterion = model_of("llama"), batch_of(), Predict(1)
    expected = float(model(**batch).loss.detach())
    other = nn.Linear(16, 60)
    model.get_output_embeddings = lambda: other
    seen = passed(model, _inputs(batch), criterion.where(batch))
    assert seen.head is None
    assert float(seen.loss(criterion.targets(batch), criterion.weights(batch)).detach()) == pytest.approx(
        expected, rel=1e-5
    )
    losses, right = seen.figures(criterion.targets(batch))
    assert float(losses.detach().mean()) == pytest.approx(expected, rel=1e-5)
    assert set(right.tolist()) <= {0.0, 1.0}


def _inputs(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: batch[name] for name in ("input_ids", "attention_mask")}
