"""What the pattern finds does not decay, the rest does, and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import small, tiny
from tests.ground import Ground
from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.technique import Facts, RunContext
from tunebook.techniques.no_decay import NoDecay

ACTS = {"pattern": "classifier"}  # the head is trained whatever else is frozen


def stock(net: Any, decay: float = 0.1) -> list[dict[str, Any]]:
    named = list(net.named_parameters())
    return [
        {"params": [p for _, p in part], "names": [n for n, _ in part], "lr": 1e-3, "weight_decay": decay * wide}
        for wide in (True, False)
        for part in [[(n, p) for n, p in named if (p.dim() > 1) == wide]]
    ]


@pytest.mark.parametrize("kind", (*tiny.ENCODERS, "xlm-roberta"))
@pytest.mark.parametrize("pattern", ["embed", r"layers?\.0\..*weight"])
def test_the_right_parameters_decay(kind: str, pattern: str) -> None:
    net = tiny.classifier(kind)
    run = RunContext(model=net)
    groups = NoDecay(pattern=pattern).param_groups(stock(net), run)
    decay = {name: group["weight_decay"] for group in groups for name in group["names"]}
    named = dict(net.named_parameters())
    assert sum(len(group["names"]) for group in groups) == len(named) == len(decay)
    for name, parameter in named.items():
        assert decay[name] == (0.1 if parameter.dim() > 1 and not re.search(pattern, name) else 0.0), name
    assert all(group["params"][at] is named[name] for group in groups for at, name in enumerate(group["names"]))
    hit = sum(p.numel() for n, p in named.items() if p.dim() > 1 and re.search(pattern, n))
    assert run.counters["no_decay"] == {"parameters": hit}


def test_the_optimiser_of_a_run_has_it_beside_other_groups(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"no_decay": {"pattern": "embed"}, "layer_decay": {"rate": 0.5}}, weight_decay=0.2)
    trainer = ground.fit(tmp_path, made).prepare()
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    for group in trainer.create_optimizer().param_groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            bare = "bias" in name or "norm" in name.lower() or "embed" in name
            assert group["weight_decay"] == (0.0 if bare else 0.2), name


@pytest.mark.parametrize(("pattern", "decay"), [("no_such_name", 0.1), (r"\.bias$", 0.1), ("embed", 0.0)])
def test_what_would_change_nothing_is_refused(pattern: str, decay: float) -> None:
    net = tiny.classifier("bert")
    with pytest.raises(PlanError) as caught:
        NoDecay(pattern=pattern).param_groups(stock(net, decay), RunContext(model=net))
    assert caught.value.code == "losses.no_decay"


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(TableError):
        build(NoDecay, {"pattern": "("})


def test_what_can_be_known_before_training_is_refused_in_the_plan() -> None:
    labels = Labels(problem="single_label", names=["a", "b"])
    for decay in (0.0, 0.1):
        facts = Facts("t", labels, small.filled(weight_decay=decay), {}, frozenset(), 10)
        if decay:
            NoDecay().refuse(facts)
            continue
        with pytest.raises(PlanError) as caught:
            NoDecay().refuse(facts)
        assert caught.value.code == "losses.no_decay" and caught.value.allowed
    net = tiny.classifier("bert")
    assert NoDecay().prepare_model(net, RunContext()) is net
    with pytest.raises(PlanError):
        NoDecay(pattern="no_such_name").prepare_model(net, RunContext())
