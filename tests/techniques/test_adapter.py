"""Both placements by hand, on a layer that norms after adding and on one that norms before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from tests import tiny
from tests.efficient import batch, scatter, under
from tunebook.core.errors import PlanError
from tunebook.techniques.adapter import Bottleneck, insert, places


def small_net(part: Any, x: torch.Tensor, function: Any = torch.relu) -> torch.Tensor:
    """U f(D x), from the weights of an adapter."""
    inner = function(x @ part.down.weight.T + part.down.bias)
    return inner @ part.up.weight.T + part.up.bias


@pytest.mark.parametrize("kind", ["bert", "distilbert", "modernbert"])
@pytest.mark.parametrize("placement", ["houlsby", "pfeiffer"])
def test_at_first_nothing_has_changed(kind: str, placement: str) -> None:
    model, _, _ = under("adapter", kind, placement=placement)
    bare = tiny.classifier(kind).eval()
    torch.testing.assert_close(model.eval()(**batch(kind)).logits, bare(**batch(kind)).logits, rtol=1e-5, atol=1e-6)


def test_houlsby_is_after_each_sublayer_before_it_is_added() -> None:
    model, _, _ = under("adapter", placement="houlsby", width=5, activation="gelu")
    scatter(model, "adapter")
    layer = model.bert.encoder.layer[0]
    assert sum("adapter.down.weight" in name for name, _ in model.named_parameters()) == 6
    for place, inside in ((layer.attention.output, 16), (layer.output, 32)):
        h, stream = torch.randn(2, 3, inside), torch.randn(2, 3, 16)
        plain = F.linear(h, place.dense.weight, place.dense.bias)
        wanted = plain + small_net(place.dense.adapter, plain, F.gelu) + stream
        norm = place.LayerNorm
        wanted = F.layer_norm(wanted, (16,), norm.weight, norm.bias, norm.eps)
        torch.testing.assert_close(place(h, stream), wanted)


def test_pfeiffer_reads_the_last_norm_and_adds_before_it() -> None:
    """Formula 1: U ReLU(D h) + r, h what the norm gives, r the feed-forward part; then the norm once more."""
    model, _, _ = under("adapter", width=5)
    scatter(model, "adapter")
    place = model.bert.encoder.layer[2].output
    norm, inner, stream = place.LayerNorm, torch.randn(2, 3, 32), torch.randn(2, 3, 16)
    r = F.linear(inner, place.dense.weight, place.dense.bias)

    def normed(x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (16,), norm.weight, norm.bias, norm.eps)

    h = normed(r + stream)
    torch.testing.assert_close(place(inner, stream), normed(small_net(norm.adapter, h) + r + stream))
    assert not hasattr(model.bert.encoder.layer[2].attention.output.LayerNorm, "adapter")


def test_where_layers_norm_first_it_reads_the_feed_forward_part() -> None:
    model, _, _ = under("adapter", "modernbert", width=5)
    scatter(model, "adapter")
    out = model.model.layers[1].mlp.Wo
    x = torch.randn(2, out.in_features)
    plain = x @ out.weight.T
    torch.testing.assert_close(out(x), plain + small_net(out.adapter, plain))


def test_norms_are_trained_where_asked() -> None:
    for norms in (False, True):
        model, _, _ = under("adapter", placement="houlsby", norms=norms)
        found = {n for n, item in model.named_parameters() if "LayerNorm" in n and item.requires_grad}
        assert found == (
            {n for n, _ in model.named_parameters() if "encoder" in n and "LayerNorm" in n} if norms else set()
        )


def test_a_copy_of_the_model_has_adapters_of_its_own() -> None:
    model, _, _ = under("adapter")
    scatter(model, "adapter")
    twin = copy.deepcopy(model.eval())
    before = model(**batch()).logits
    assert torch.equal(twin(**batch()).logits, before)
    scatter(twin, "adapter", seed=1)
    assert torch.equal(model(**batch()).logits, before) and not torch.equal(twin(**batch()).logits, before)


def test_it_starts_as_nothing_and_is_narrow() -> None:
    net = Bottleneck(16, 4, torch.relu)
    assert (net.down.out_features, net.up.out_features) == (4, 16)
    assert torch.equal(net(torch.randn(3, 16)), torch.zeros(3, 16))
    assert 0 < float(net.down.weight.detach().std()) < 0.02


def test_places_of_every_layer_once() -> None:
    net = tiny.classifier("deberta-v2")
    assert len(places(net, "houlsby")) == 6 and len(places(net, "pfeiffer")) == 3
    assert len(insert(net, "pfeiffer", 4, "relu")) == 12


def test_unknown_layers_are_refused() -> None:
    net = tiny.classifier("bert")
    for layer in net.bert.encoder.layer:
        layer.output.strange = layer.output.dense
        del layer.output.dense
    with pytest.raises(PlanError) as caught:
        places(net, "pfeiffer")
    assert caught.value.code == "peft.targets" and isinstance(net.bert.encoder.layer[0].output.strange, nn.Linear)
