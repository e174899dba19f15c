"""A cached loss has the gradients of the plain one, in the memory of a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.models.sentences import Sentences
from tunebook.nets.attention import use_fast_dropout
from tunebook.nets.cached import _sizes, cached
from tunebook.nets.sentences import SentenceEncoder


def model_of(dropout: float = 0.0) -> SentenceEncoder:
    return SentenceEncoder(tiny.classifier("bert", dropout=dropout).base_model, Sentences()).train()


def batch_of(lines: int = 9) -> dict[str, Any]:
    torch.manual_seed(2)
    lengths = torch.randint(2, 9, (lines,))
    mask = (torch.arange(8) < lengths[:, None]).long()
    return {"input_ids": torch.randint(5, 20, (lines, 8)) * mask, "attention_mask": mask, "a.column": lengths}


def loss_of(vectors: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(3 * vectors @ vectors.T, dim=1).sum()


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    found = {name: item.grad.clone() for name, item in model.named_parameters() if item.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize("lines", [1, 4, 9, 50])
def test_gradients_are_those_of_the_plain_loss(lines: int) -> None:
    model, batch = model_of().double(), batch_of()
    model.forward = lambda forward=model.forward, **given: DoubleOutputs(forward(**given))  # type: ignore[method-assign]
    plain = loss_of(model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits)
    plain.backward()
    expected = gradients(model)
    loss, outputs = cached(model, batch, lines, loss_of)
    (2 * loss).backward()
    found = gradients(model)
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6) and outputs.logits.shape[0] == 9
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, 2 * expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("lines", [1, 3, 32, 500])
def test_no_part_reads_more_than_so_many_lines_of_mean_length(lines: int) -> None:
    draw = np.random.default_rng(1)
    lengths = sorted((draw.pareto(1.2, 200) * 9 + 3).clip(max=256).astype(int).tolist(), reverse=True)
    sizes = _sizes(lengths, lines)
    begins = np.cumsum([0, *sizes[:-1]]).tolist()
    assert sum(sizes) == len(lengths) and max(sizes) <= lines
    room = lines * sum(lengths) / len(lengths)
    for begin, size in zip(begins, sizes, strict=True):
        assert size == 1 or size * lengths[begin] <= room
        rest = begin + size < len(lengths) and size < lines
        assert not rest or (size + 1) * lengths[begin] > room, "no part is smaller than it has to be"
    assert _sizes([7] * 10, 4) == [4, 4, 2]


class DoubleOutputs:
    """Vectors as they are."""

    def __init__(self, outputs: Any) -> None:
        self.logits = outputs.logits


@pytest.mark.parametrize("fast", [False, True])
def test_dropout_is_the_same_both_times(fast: bool) -> None:
    """A loss that is linear in the vectors has the value that its gradient tells, only if the masks are the same."""
    model, batch = model_of(0.4), batch_of()
    if fast:
        use_fast_dropout(model)
    torch.manual_seed(7)
    loss, outputs = cached(model, batch, 4, lambda vectors: vectors[:, 0].sum())
    state = torch.get_rng_state()
    loss.backward()
    assert torch.equal(torch.get_rng_state(), state), "going back draws nothing"
    found = gradients(model)
    lengths = batch["attention_mask"].sum(1)
    order = torch.argsort(lengths, descending=True, stable=True)
    torch.manual_seed(7)
    parts = []
    for chosen in order.split(_sizes(lengths[order].tolist(), 4)):
        longest = int(lengths[chosen].max())
        inputs = {name: batch[name][chosen, :longest] for name in ("input_ids", "attention_mask")}
        parts.append(model(**inputs).logits)
    vectors = torch.cat(parts)
    torch.testing.assert_close(outputs.logits[order], vectors.detach())
    vectors[:, 0].sum().backward()
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(found[name], gradient)


def test_it_holds_under_autocast_and_for_frozen_parts() -> None:
    model, batch = model_of(), batch_of()
    model.get_input_embeddings().requires_grad_(False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = cached(model, batch, 4, loss_of)
    loss.backward()
    rough = gradients(model)
    assert not any("word_embeddings" in name for name in rough)
    cached(model, batch, 4, loss_of)[0].backward()
    exact = gradients(model)
    name = next(name for name in exact if name.endswith("query.weight"))
    assert not torch.equal(rough[name], exact[name])
    torch.testing.assert_close(rough[name], exact[name], rtol=0.1, atol=0.1)


def test_one_part_at_a_time_is_in_memory() -> None:
    model, batch = model_of(), batch_of(32)
    held: list[int] = []

    def seen(module: nn.Module, given: Any, out: Any) -> None:
        held.append(len(given[0]))

    model.base_model.encoder.layer[0].register_forward_hook(seen)
    cached(model, batch, 8, loss_of)[0].backward()
    sizes = _sizes(sorted(batch["attention_mask"].sum(1).tolist(), reverse=True), 8)
    assert held == sizes * 2 and max(held) <= 8, "each part once without a graph and once with"
