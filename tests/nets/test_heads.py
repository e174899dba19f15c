"""A head in float32 and in a unit of its own answers as the ordinary map does that takes its place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.nets.heads import ExactHead, exact, plain, unit_of


def test_the_unit_is_the_nearest_power_of_two() -> None:
    rng = np.random.default_rng(0)
    for spread, unit in ((1.0, 1), (0.71, 1), (1.4, 1), (1.45, 2), (50, 64), (0.001, 2**-10), (2000, 2048)):
        numbers = rng.normal(size=1000)
        assert unit_of((numbers - numbers.mean()) / numbers.std() * spread + 1000) == unit
    assert unit_of(np.full(9, 3.0)) == unit_of(np.array([])) == 1


@pytest.mark.parametrize("unit", [1.0, 64.0, 2.0**-10])
@pytest.mark.parametrize("bias", [True, False])
def test_it_answers_as_the_plain_map_bit_for_bit_and_back(unit: float, bias: bool) -> None:
    torch.manual_seed(0)
    one = nn.Linear(16, 3, bias=bias)
    head, hidden = ExactHead(one, unit), torch.randn(50, 16)
    assert torch.equal(head(hidden), one(hidden))
    back = head.plain()
    assert type(back) is nn.Linear and torch.equal(back.weight, one.weight)
    assert (back.bias is None) == (one.bias is None) == (not bias)
    assert set(head.state_dict()) == set(one.state_dict())


def test_a_fresh_one_is_drawn_out_to_the_unit_around_its_bias() -> None:
    torch.manual_seed(0)
    one, hidden = nn.Linear(16, 1), torch.randn(20, 16)
    with torch.no_grad():
        one.bias.fill_(5000.0)
    drawn = ExactHead(one, 256.0, fresh=True)(hidden)
    torch.testing.assert_close(drawn - 5000, 256 * (one(hidden) - 5000), rtol=0, atol=0.2)


def test_autocast_leaves_it_in_float32() -> None:
    torch.manual_seed(0)
    one, hidden = nn.Linear(16, 1), torch.randn(40, 16)
    with torch.no_grad():
        one.bias.fill_(100.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough, fine = one(hidden), ExactHead(one, 32.0)(hidden.bfloat16())
    assert fine.dtype == torch.float32 and len(fine.unique()) == 40
    assert len(rough.unique()) < 5, "in 8 bits the plain one has steps of a half"
    torch.testing.assert_close(fine, one(hidden), rtol=0, atol=0.05)


def test_what_is_trained_moves_the_answer_by_the_unit() -> None:
    head = ExactHead(nn.Linear(4, 1), 128.0)
    head(torch.ones(1, 4)).sum().div(128).backward()
    assert torch.equal(head.weight.grad, torch.ones(1, 4)) and float(head.bias.grad) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [*tiny.ENCODERS, "xlm-roberta"])
def test_every_encoder_gets_one_and_loses_it_again(kind: str) -> None:
    model = tiny.classifier(kind, labels=1).eval()
    batch = tiny.collate(tiny.rows(3, 1), 1 if "roberta" in kind else 0)
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    before, names = model(**given).logits, list(model.state_dict())
    exact(model, 1, 32.0, fresh=False)
    assert sum(isinstance(module, ExactHead) for module in model.modules()) == 1
    assert torch.equal(model(**given).logits, before) and list(model.state_dict()) == names
    plain(model)
    assert not any(isinstance(module, ExactHead) for module in model.modules())
    assert torch.equal(model(**given).logits, before)


def test_frozen_stays_frozen_and_strange_models_stay_as_they_are() -> None:
    one = nn.Linear(4, 1).requires_grad_(False)
    assert not ExactHead(one, 2.0).weight.requires_grad and not ExactHead(one, 2.0).plain().bias.requires_grad
    odd = nn.Sequential(nn.Linear(4, 1))
    exact(odd, 1, 2.0, fresh=True)
    assert type(odd[0]) is nn.Linear
