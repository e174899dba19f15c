"""The head's rate is the factor times the others', whatever else splits the groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tiny
from tests.techniques.test_layer_decay import LR, stock
from tunebook.core.errors import TableError
from tunebook.core.params import build
from tunebook.core.technique import RunContext
from tunebook.techniques.head_rate import HeadRate
from tunebook.techniques.layer_decay import LayerDecay

NEUTRAL = {"factor": 1.0}
HEADS = ("classifier", "pooler", "pre_classifier", "final_norm", "head.")


def is_head(name: str) -> bool:
    return any(part in name for part in HEADS) and ".layer" not in name


@pytest.mark.parametrize("kind", (*tiny.ENCODERS, "xlm-roberta"))
def test_only_the_head_is_faster(kind: str) -> None:
    net = tiny.classifier(kind)
    run = RunContext(model=net)
    groups = HeadRate(factor=4.0).param_groups(stock(net), run)
    rates = {name: group["lr"] for group in groups for name in group["names"]}
    assert sum(len(group["names"]) for group in groups) == len(rates) == len(list(net.named_parameters()))
    assert all(rate == LR * (4.0 if is_head(name) else 1.0) for name, rate in rates.items())
    assert {LR, 4 * LR} == set(rates.values())
    head = sum(item.numel() for name, item in net.named_parameters() if is_head(name))
    assert run.counters["head_rate"] == {"parameters": head, "factor": 4.0}
    named = dict(net.named_parameters())
    assert all(group["params"][i] is named[name] for group in groups for i, name in enumerate(group["names"]))
    decays = {name: group["weight_decay"] for group in groups for name in group["names"]}
    assert all(decays[name] == (0.1 if item.dim() > 1 else 0.0) for name, item in net.named_parameters())


def test_it_multiplies_with_layer_decay_in_either_order() -> None:
    net = tiny.classifier("bert")
    run = RunContext(model=net)
    found: list[dict[str, Any]] = []
    for first, then in ((HeadRate(factor=3.0), LayerDecay(rate=0.5)), (LayerDecay(rate=0.5), HeadRate(factor=3.0))):
        groups = then.param_groups(first.param_groups(stock(net), run), run)
        found.append({name: group["lr"] for group in groups for name in group["names"]})
    assert found[0] == pytest.approx(found[1])
    assert found[0]["classifier.weight"] == pytest.approx(3 * LR)
    assert found[0]["bert.encoder.layer.2.output.dense.weight"] == pytest.approx(LR / 2)


@pytest.mark.parametrize("factor", [0, -1, "high"])
def test_factors_that_cannot_be(factor: Any) -> None:
    with pytest.raises(TableError, match="> 0"):
        build(HeadRate, {"factor": factor})
