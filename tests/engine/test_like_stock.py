"""What is put into a model to train it sooner gives the losses and gradients of the stock model: in float32, with bf16
under autocast, and where layers are computed again on the way back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests import tiny
from tunebook.engine.speedups import TrimmedEmbedding, trim
from tunebook.models.sentences import Sentences
from tunebook.nets.attention import NAME, attention, use_fast_dropout
from tunebook.nets.cached import cached
from tunebook.nets.dropout import dropout
from tunebook.nets.first_token import first_alone
from tunebook.nets.next_token import Predict
from tunebook.nets.sentences import SentenceEncoder

Passed = tuple[Tensor, dict[str, Tensor]]
P = 0.3
PADDED = [*tiny.ENCODERS, *tiny.DECODERS]


@pytest.fixture
def drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch's dropout draw its bits as ours does, so that one seed leaves out the same."""

    def ours(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return dropout(x, p) if training else x

    monkeypatch.setattr(nn.functional, "dropout", ours)


def stock(kind: str, again: bool = False, attention: str = "eager", p: float = P) -> Any:
    """A model as transformers makes it, with its attention written out; `again` computes its layers twice."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    config = tiny.config(kind, dropout=p)
    model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32, attn_implementation=attention)
    if again:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        assert model.is_gradient_checkpointing
    return model.train()


def ours(kind: str, again: bool = False) -> Any:
    """The same model with our attention and dropout, where its architecture has such a place."""
    model = stock(kind, again, "eager" if kind == "deberta-v2" else "sdpa")
    assert use_fast_dropout(model) or kind == "llama"
    assert kind == "deberta-v2" or model.config._attn_implementation == NAME
    return model


def batch_of(kind: str) -> dict[str, Tensor]:
    made: dict[str, Tensor] = tiny.collate(tiny.rows(6), 1 if kind == "roberta" else 0)
    return made


def passed(model: Any, kind: str, bf16: bool) -> Passed:
    """The loss and the gradients of a step."""
    torch.manual_seed(7)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        loss = model(**batch_of(kind)).loss
    loss.backward()
    found = {name: item.grad for name, item in model.named_parameters() if item.grad is not None}
    assert found and all(gradient.dtype == torch.float32 for gradient in found.values())
    return loss.detach(), found


def far(found: dict[str, Tensor], exact: dict[str, Tensor]) -> float:
    """The length of what is wrong over the length of what is right."""
    assert found.keys() == exact.keys()
    one, two = (torch.cat([item[name].flatten() for name in exact]) for item in (found, exact))
    return float((one - two).norm() / two.norm())


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("kind", PADDED)
def test_attention_and_dropout(kind: str, again: bool, drawn_alike: None) -> None:
    wanted, exact = passed(stock(kind), kind, False)
    found, gradients = passed(ours(kind, again), kind, False)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert far(gradients, exact) < 1e-5
    _, theirs = passed(stock(kind, again), kind, True)
    _, half = passed(ours(kind, again), kind, True)
    assert 0 < far(half, exact) < 1.2 * far(theirs, exact), "bf16 loses no more than it does in the stock model"


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_token_vectors_that_occur(kind: str, again: bool, drawn_alike: None) -> None:
    tokens = batch_of(kind)["input_ids"].unique()
    for bf16 in (False, True):
        (wanted, exact), model = passed(stock(kind, again), kind, bf16), stock(kind, again)
        name = next(name for name, item in model.named_parameters() if item is model.get_input_embeddings().weight)
        cut = trim(model, tokens)
        assert isinstance(cut, TrimmedEmbedding)
        found, gradients = passed(model, kind, bf16)
        rows, whole = gradients.pop(name), exact.pop(name)
        others = torch.ones(len(whole), dtype=torch.bool).index_fill(0, tokens, False)
        assert torch.equal(found, wanted) and far(gradients, exact) == 0
        assert torch.equal(rows[:-1], whole[tokens]) and not rows[-1].any() and not whole[others].any()


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_the_last_layer_for_the_first_token(kind: str) -> None:
    wanted, exact = passed(stock(kind, p=0.0), kind, False)
    _, theirs = passed(stock(kind, attention="sdpa", p=0.0), kind, True)
    for bf16 in (False, True):
        model = stock(kind, attention="sdpa", p=0.0)
        last = first_alone(model, {name: item for name, item in batch_of(kind).items() if name != "labels"})
        assert last is not None
        with last.held():
            found, gradients = passed(model, kind, bf16)
        if bf16:
            assert 0 < far(gradients, exact) < 1.2 * far(theirs, exact)
        else:
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
            assert far(gradients, exact) < 1e-5


@pytest.mark.parametrize("apart", [False, True])
def test_queries_that_are_float32_under_autocast_are_rounded_as_the_stock_attention_does(apart: bool) -> None:
    """As places that are turned leave them, where no memory of earlier tokens makes all of one kind."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 2, 6, 8, requires_grad=True) for _ in range(3))
    given = (query, key, value.bfloat16() if apart else value)
    module = nn.Module().train()
    module.is_causal = False
    with torch.autocast("cpu", dtype=torch.bfloat16):
        wanted = nn.functional.scaled_dot_product_attention(*given).transpose(1, 2)
        found, _ = attention(module, *given, None, dropout=1e-9)
    assert found.dtype == wanted.dtype == torch.bfloat16
    torch.testing.assert_close(found, wanted, rtol=0.02, atol=0.02)
    wanted_back, found_back = (
        torch.autograd.grad(made.float().square().sum(), (query, key, value)) for made in (wanted, found)
    )
    for one, other in zip(found_back, wanted_back, strict=True):
        torch.testing.assert_close(one, other, rtol=0.1, atol=0.1)


def token_model(kind: str, again: bool, attention: str) -> Any:
    """A causal or masked model whose layers have no dropout."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM if kind in tiny.DECODERS else AutoModelForMaskedLM
    model = auto.from_config(tiny.config(kind), dtype=torch.float32, attn_implementation=attention)
    if again:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "bert", "roberta"])
def test_the_loss_over_a_vocabulary(kind: str, again: bool) -> None:
    batch = batch_of(kind)
    batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    criterion = Predict(int(kind in tiny.DECODERS))

    def learnt(model: Any, bf16: bool, mine: bool) -> Passed:
        whole = model.forward

        def forward(*given: Any, **named: Any) -> Any:  # autocast inside, as accelerate has it
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return whole(*given, **named)

        model.forward = forward
        loss = criterion.loss(model, batch)[0] if mine else model(**batch).loss
        loss.backward()
        return loss.detach(), {name: item.grad for name, item in model.named_parameters() if item.grad is not None}

    wanted, exact = learnt(token_model(kind, False, "eager"), False, False)
    found, gradients = learnt(token_model(kind, again, "sdpa"), False, True)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert far(gradients, exact) < 1e-5
    _, theirs = learnt(token_model(kind, again, "eager"), True, False)
    _, half = learnt(token_model(kind, again, "sdpa"), True, True)
    assert 0 < far(half, exact) < 1.2 * far(theirs, exact)


@pytest.mark.parametrize("bf16", [False, True])
def test_a_loss_of_all_lines_whose_layers_are_computed_again(bf16: bool) -> None:
    """Each part is made again for the way back, and its layers once more within that."""

    def learnt(again: bool) -> Passed:
        model = SentenceEncoder(ours("bert", again).base_model, Sentences()).train()
        torch.manual_seed(7)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss, _ = cached(
                model, batch_of("bert"), 2, lambda vectors: (vectors.float() @ vectors.float().T).tanh().sum()
            )
        loss.backward()
        return loss, {name: item.grad for name, item in model.named_parameters() if item.grad is not None}

    (wanted, exact), (found, gradients) = learnt(False), learnt(True)
    assert torch.equal(found, wanted) and far(gradients, exact) < 1e-5
