"""A last layer computed for the first token alone changes neither answers nor gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests import tiny
from tunebook.nets.attention import use_fast_dropout
from tunebook.nets.first_token import first_alone, last_layer

KINDS = [kind for kind in tiny.ENCODERS if kind in ("bert", "roberta", "electra")]


def batch_of(kind: str, rows: int = 6) -> dict[str, Tensor]:
    made: dict[str, Tensor] = tiny.collate(tiny.rows(rows), 1 if kind == "roberta" else 0)
    return made


def inputs(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: item for name, item in batch.items() if name != "labels"}


def widths(model: Any) -> list[int]:
    """Of each pass of the last layer, how many tokens of a text its feed-forward network reads."""
    last, seen = last_layer(model), []
    assert last is not None
    dense = last.layer.intermediate.dense
    whole = dense.forward
    dense.forward = lambda states: (seen.append(states.shape[1]), whole(states))[1]
    return seen


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fast", [False, True])
def test_answers_and_gradients_are_those_of_the_whole_layer(kind: str, fast: bool) -> None:
    model, batch = tiny.classifier(kind, dropout=0.2 if fast else 0.0).eval(), batch_of(kind)
    if fast:
        use_fast_dropout(model)
    seen = widths(model)

    def pass_of() -> tuple[Tensor, dict[str, Tensor]]:
        model.zero_grad()
        out = model(**batch)
        out.loss.backward()
        return out.logits, {name: item.grad for name, item in model.named_parameters() if item.grad is not None}

    wanted, gradients = pass_of()
    last = first_alone(model, inputs(batch))
    assert last is not None
    seen.clear()
    with last.held():
        found, ours = pass_of()
    assert seen == [1]
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert ours.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    pass_of()
    assert seen[-1] > 1, "outside it is whole again"


def test_who_asks_for_states_or_hangs_on_the_layer_sees_all_tokens() -> None:
    model, batch = tiny.classifier("bert").eval(), batch_of("bert")
    seen, last = widths(model), last_layer(model)
    assert last is not None
    length = batch["input_ids"].shape[1]
    with last.held():
        states = model(**batch, output_hidden_states=True).hidden_states
        assert states[-1].shape[1] == length
        for module in (last.layer, last.layer.attention.self.query, model.bert.encoder, model.bert):
            hook = module.register_forward_hook(lambda *_: None)
            model(**batch)
            hook.remove()
        assert seen == [length] * 5
        model(**batch)
        assert seen[-1] == 1
        model.bert(**inputs(batch))
        assert seen[-1] == length, "the body alone may be read in full"


def test_a_pass_that_fails_leaves_nothing_behind() -> None:
    model, batch = tiny.classifier("bert").eval(), batch_of("bert")
    last = first_alone(model, inputs(batch))
    assert last is not None
    with last.held():
        with pytest.raises(IndexError):
            model(input_ids=torch.full((1, 3), 10**6))
        assert not last.short
    assert "forward" not in last.layer.attention.__dict__
    assert not model._forward_hooks and not model._forward_pre_hooks


class ReadsAll(nn.Module):
    """A head that reads the mean of all tokens."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner, self.config = inner, inner.config

    def forward(self, **given: Any) -> Any:
        given.pop("labels", None)
        states = self.inner.bert(**given).last_hidden_state
        return type("Outputs", (), {"logits": states.mean(1)})()


def test_a_head_that_reads_all_tokens_gets_them() -> None:
    batch = inputs(batch_of("bert"))
    assert first_alone(ReadsAll(tiny.classifier("bert")), batch) is None


@pytest.mark.parametrize("kind", ["distilbert", "modernbert"])
def test_other_architectures_are_left_alone(kind: str) -> None:
    assert last_layer(tiny.classifier(kind)) is None
