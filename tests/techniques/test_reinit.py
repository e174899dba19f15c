"""The right parameters are drawn anew, as the model draws them, from the run's seed alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small, tiny
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.models.architecture import depths
from tunebook.techniques.reinit import Reinit

NEUTRAL = {"layers": 0, "pooler": False}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    return {kind: small.base_model(place / kind, kind) for kind in (*tiny.ENCODERS, "xlm-roberta")}


def loaded(folder: Path) -> Any:
    """A pretrained classifier; every weight moved, so that a norm drawn anew differs from the stored one."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(1)
    net = AutoModelForSequenceClassification.from_pretrained(str(folder), num_labels=2)
    with torch.no_grad():
        for item in net.parameters():
            item += 0.3
    return net


def drawn(folder: Path, seed: int = 0, **rows: Any) -> tuple[Any, dict[str, torch.Tensor], RunContext]:
    """The model after it, its weights before it, and the run."""
    net = loaded(folder)
    before = {name: item.detach().clone() for name, item in net.named_parameters()}
    run = RunContext(model=net, seed=seed)
    Reinit(**rows).prepare_model(net, run)
    return net, before, run


@pytest.mark.parametrize("kind", (*tiny.ENCODERS, "xlm-roberta"))
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_the_top_layers_and_the_pooler_are_new_and_nothing_else(
    folders: dict[str, Path], kind: str, layers: int
) -> None:
    net, before, run = drawn(folders[kind], layers=layers)
    found = depths(net)
    new = {name for name, item in net.named_parameters() if not torch.equal(item, before[name])}
    pooler = {name for name in before if name.startswith("bert.pooler.")}
    assert new == {name for name in before if 3 - layers < found.of[name] <= 3} | pooler
    assert run.counters["reinit"]["parameters_drawn"] == sum(before[name].numel() for name in new)


@pytest.mark.parametrize("kind", ["bert", "modernbert", "deberta-v2"])
def test_they_are_drawn_as_the_model_draws(folders: dict[str, Path], kind: str) -> None:
    """Norms are 1 and 0, biases 0, matrices of the spread that fresh models of this config have."""
    nets = [drawn(folders[kind], seed, layers=2)[0] for seed in range(6)]
    fresh = []
    for seed in range(6):
        torch.manual_seed(100 + seed)
        fresh.append(type(nets[0])(nets[0].config))
    for name, depth in depths(nets[0]).of.items():
        if 1 < depth <= 3:
            ours, theirs = (torch.stack([dict(net.named_parameters())[name].detach() for net in part])
                            for part in (nets, fresh))  # fmt: skip
            if ours.dim() == 2:
                assert torch.equal(ours, theirs), name
            else:
                assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.1), name
                assert abs(float(ours.mean())) < 0.005


def test_the_seed_decides_and_other_draws_are_as_without_it(folders: dict[str, Path]) -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    weights = []
    for seed in (1, 1, 2):
        torch.manual_seed(3)
        net = loaded(folders["bert"])
        torch.manual_seed(11)
        Reinit().prepare_model(net, RunContext(model=net, seed=seed))
        assert torch.equal(torch.rand(3), expected)
        weights.append(net.bert.encoder.layer[2].output.dense.weight.detach())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_without_values_nothing_is_drawn() -> None:
    with torch.device("meta"):
        net = tiny.classifier("bert")
    run = RunContext(model=net)
    assert Reinit(layers=2).prepare_model(net, run) is net
    assert run.counters["reinit"]["parameters_drawn"] > 0


def test_the_pooler_may_stay(folders: dict[str, Path]) -> None:
    net, before, _ = drawn(folders["bert"], pooler=False)
    assert torch.equal(net.bert.pooler.dense.weight, before["bert.pooler.dense.weight"])


def test_what_cannot_be_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(PlanError) as caught:
        drawn(folders["bert"], layers=4)
    assert (caught.value.code, caught.value.allowed) == ("reinit.layers", "0 … 3")
    net = loaded(folders["bert"])
    net.bert.encoder.layer[2].requires_grad_(False)
    with pytest.raises(PlanError) as caught:
        Reinit().prepare_model(net, RunContext(model=net))
    assert caught.value.code == "reinit.frozen" and caught.value.message
    with pytest.raises(PlanError, match=r"reinit\.nothing"):
        Reinit(layers=0, pooler=False).refuse(facts())
    Reinit(layers=0).refuse(facts())
