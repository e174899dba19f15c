"""A bottleneck of a given width starts as nothing; where the layers are not known, none is put in."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.core.errors import PlanError
from tunebook.nets.bottleneck import Bottleneck, insert, places


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
