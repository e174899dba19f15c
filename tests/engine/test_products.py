"""Products of oneDNN in place of torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tunebook.engine import products
from tunebook.engine.products import quick_products


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(48, 96), nn.GELU(), nn.Linear(96, 8, bias=False), nn.Linear(8, 4).double())


@pytest.fixture
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    monkeypatch.setattr(products, "_is_quicker", lambda: True)


def test_products_are_the_same_to_the_last_digits(model, quicker, monkeypatch):
    part, lines = model[:3], torch.randn(5, 7, 48)
    own, used = part(lines), []
    product = products._product
    monkeypatch.setattr(products, "_product", lambda *given: used.append(1) or product(*given))
    with torch.inference_mode(), quick_products(model):
        other = part(lines)
        assert "forward" not in model[3].__dict__  # not in float32
    assert len(used) == 2
    torch.testing.assert_close(other, own, atol=1e-6, rtol=1e-5)


def test_layers_are_as_they_were_afterwards(model, quicker):
    lines = torch.randn(3, 48)
    before = model[0](lines)
    with pytest.raises(ValueError), quick_products(model):
        assert "forward" in model[0].__dict__
        with quick_products(model):  # what is replaced already stays so
            pass
        assert "forward" in model[0].__dict__
        raise ValueError
    assert all("forward" not in layer.__dict__ for layer in model)
    assert torch.equal(model[0](lines), before)


@pytest.mark.parametrize(("own", "other", "lost", "taken"), [(2, 1, 1, True), (1.1, 1, 1, False), (2, 1, 9, False)])
def test_they_are_taken_where_they_are_quicker_and_as_exact(own, other, lost, taken, monkeypatch):
    product = nn.functional.linear
    monkeypatch.setattr(products, "_blocked", lambda weight, bias: (weight, bias))
    monkeypatch.setattr(
        products, "_product", lambda weight, bias, lines: product(lines, weight, bias) + (lost > 1) * 1e-2
    )
    seconds = iter((own, other))
    monkeypatch.setattr(products, "_seconds", lambda made: next(seconds))
    assert products._measured() is taken


def test_a_build_without_them_goes_on_as_before(model, monkeypatch):
    def missing(weight, bias):
        raise AttributeError("no such operator")

    monkeypatch.setattr(products, "_blocked", missing)
    products._is_quicker.cache_clear()
    with quick_products(model):
        assert all("forward" not in layer.__dict__ for layer in model)
    products._is_quicker.cache_clear()


def test_the_shortest_of_several_tries_counts():
    made = []
    assert products._seconds(lambda: made.append(1)) < 1 and len(made) == 7
