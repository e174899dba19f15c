"""The rate of every parameter is what the formula says, worked out here from the names alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import small, tiny
from tests.engine.test_fit import material, plan
from tunebook.core.errors import TableError
from tunebook.core.params import build
from tunebook.core.technique import RunContext
from tunebook.engine.fit import Fit
from tunebook.techniques.layer_decay import LayerDecay

NEUTRAL = {"rate": 1.0}
RATE, LR = 0.8, 1e-3


def by_hand(name: str) -> float:
    """Formula 2 of Sun et al. for three layers: the head 1, layer k (from 0) rate^(3-k), the embeddings rate^4."""
    number = re.search(r"\.(?:layer|layers)\.(\d)\.", name)
    if number:
        return LR * RATE ** (3 - int(number[1]))
    return LR * RATE**4 if "embeddings" in name else LR


def stock(net: Any) -> list[dict[str, Any]]:
    """Groups as the seam makes them: with and without decay."""
    named = list(net.named_parameters())
    return [
        {"params": [p for n, p in named if decays == (p.dim() > 1)], "lr": LR, "weight_decay": 0.1 if decays else 0.0,
         "names": [n for n, p in named if decays == (p.dim() > 1)]}
        for decays in (True, False)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", (*tiny.ENCODERS, "xlm-roberta"))
def test_every_parameter_has_the_rate_of_its_depth(kind: str) -> None:
    net = tiny.classifier(kind)
    run = RunContext(model=net)
    groups = LayerDecay(rate=RATE).param_groups(stock(net), run)
    rates = {name: group["lr"] for group in groups for name in group["names"]}
    decays = {name: group["weight_decay"] for group in groups for name in group["names"]}
    assert sum(len(group["names"]) for group in groups) == len(rates) == len(list(net.named_parameters()))
    for name, parameter in net.named_parameters():
        assert rates[name] == pytest.approx(by_hand(name), rel=1e-12), name
        assert decays[name] == (0.1 if parameter.dim() > 1 else 0.0)
    named = dict(net.named_parameters())
    assert all(group["params"][i] is named[name] for group in groups for i, name in enumerate(group["names"]))
    assert run.counters["layer_decay"]["lowest_share"] == pytest.approx(RATE**4)
    assert run.counters["layer_decay"]["groups"] == len(groups)


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_the_optimiser_of_a_run_has_these_rates(kind: str, tmp_path: Path) -> None:
    folder = small.base_model(tmp_path / "model", kind)
    made = plan({"layer_decay": {"rate": RATE}}, learning_rate=LR, weight_decay=0.1)
    run = Fit(made, material(folder), tmp_path)
    weave = run.weave()
    net = weave.model(run.task.build(folder, made.labels, made.params))
    trainer = run.trainer(net, weave)
    optimizer = trainer.create_optimizer()
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    seen: dict[str, tuple[float, float]] = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            assert name not in seen
            seen[name] = (group["lr"], group["weight_decay"])
    assert set(seen) == set(names.values())
    for name, (rate, decay) in seen.items():
        assert rate == pytest.approx(by_hand(name), rel=1e-12), name
        bare = "bias" in name or "norm" in name.lower()
        assert decay == (0.0 if bare else 0.1), name


def test_frozen_parameters_are_in_no_group() -> None:
    net = tiny.classifier("bert")
    groups = stock(net)
    for group in groups:  # as the seam does where freeze came before
        keep = [i for i, name in enumerate(group["names"]) if "embeddings" not in name]
        group["params"], group["names"] = [group["params"][i] for i in keep], [group["names"][i] for i in keep]
    out = LayerDecay(rate=RATE).param_groups(groups, RunContext(model=net))
    assert not any("embeddings" in name for group in out for name in group["names"])


@pytest.mark.parametrize("rate", [0, -0.5, 1.01, "high", None])
def test_rates_that_cannot_be(rate: Any) -> None:
    with pytest.raises(TableError, match="> 0 and <= 1"):
        build(LayerDecay, {"rate": rate})
