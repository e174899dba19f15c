"""What is frozen stays bit for bit, the rest moves, and both are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small, tiny
from tests.engine.test_fit import fit, plan, weights
from tunebook.core.errors import PlanError, TableError
from tunebook.core.params import build
from tunebook.core.technique import RunContext
from tunebook.models.architecture import depths
from tunebook.techniques.freeze import Freeze

ACTS = {"layers": 1}  # with all of them frozen nothing is left for others
ENCODERS = (*tiny.ENCODERS, "xlm-roberta")


def frozen(kind: str, **rows: Any) -> tuple[Any, RunContext, Freeze]:
    net = tiny.classifier(kind, dropout=0.2)
    run = RunContext(model=net)
    freeze = Freeze(**rows)
    freeze.prepare_model(net, run)
    return net, run, freeze


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize(
    ("rows", "upto"), [({}, 3), ({"layers": 2}, 2), ({"layers": "all"}, 3), ({"embeddings": True}, 0)]
)
def test_the_right_parameters_are_frozen_and_counted(kind: str, rows: dict[str, Any], upto: int) -> None:
    net, run, _ = frozen(kind, **rows)
    found = depths(net)
    low = {name for name, depth in found.of.items() if depth <= upto}
    assert {name for name, parameter in net.named_parameters() if not parameter.requires_grad} == low
    count = sum(parameter.numel() for name, parameter in net.named_parameters() if name in low)
    total = sum(parameter.numel() for parameter in net.parameters())
    assert run.counters["freeze"] == {"parameters_frozen": count, "share_frozen": count / total, "layers_frozen": upto}


@pytest.mark.parametrize("kind", ENCODERS)
def test_what_is_frozen_stays_and_the_rest_moves(kind: str) -> None:
    """One step of plain gradient descent, with dropout, on every architecture."""
    net, run, freeze = frozen(kind, layers=2)
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    loss = freeze.around_loss(lambda model, batch: (model(**batch).loss, None), run)
    batch = tiny.collate(tiny.rows(8), 1 if "roberta" in kind else 0)
    optimizer = torch.optim.SGD([parameter for parameter in net.parameters() if parameter.requires_grad], lr=1.0)
    net.train()
    loss(net, batch)[0].backward()
    optimizer.step()
    found = depths(net).of
    for name, parameter in net.named_parameters():
        same = torch.equal(before[name], parameter)
        assert same == (found[name] <= 2), name


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_frozen_part_has_no_dropout(kind: str) -> None:
    net, run, freeze = frozen(kind, layers="all")
    outs: list[torch.Tensor] = []
    last = net.get_submodule(depths(net).prefix)[2]
    last.register_forward_hook(lambda module, given, out: outs.append(out[0] if isinstance(out, tuple) else out))
    loss = freeze.around_loss(lambda model, batch: (model(**batch).loss, None), run)
    batch = tiny.collate(tiny.rows(4), 1 if "roberta" in kind else 0)
    net.train()
    first, second = loss(net, batch)[0], loss(net, batch)[0]
    assert torch.equal(outs[0], outs[1])
    assert net.training
    assert first != second, "the head has its dropout still"


def test_without_layers_nothing_is_switched_to_eval() -> None:
    net, run, freeze = frozen("bert", pattern=r"layer\.0\.")
    freeze.around_loss(lambda model, batch: (model(**batch).loss, None), run)(net, tiny.collate(tiny.rows(2)))
    assert all(module.training for module in net.modules())


def test_a_pattern_freezes_by_name() -> None:
    net, run, _ = frozen("bert", pattern=r"\.bias$|LayerNorm")
    names = {name for name, parameter in net.named_parameters() if not parameter.requires_grad}
    assert names == {name for name, _ in net.named_parameters() if name.endswith(".bias") or "LayerNorm" in name}
    assert run.counters["freeze"]["layers_frozen"] == 0


def test_layers_and_pattern_add_up() -> None:
    net, _, _ = frozen("bert", layers=1, pattern=r"pooler")
    names = {name for name, parameter in net.named_parameters() if not parameter.requires_grad}
    found = depths(net).of
    assert names == {name for name, depth in found.items() if depth <= 1 or "pooler" in name}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({"layers": 0}, "freeze.nothing"),
        ({"pattern": "no_such_name"}, "freeze.nothing"),
        ({"pattern": "."}, "freeze.everything"),
        ({"layers": 4}, "freeze.layers"),
        ({"layers": -4}, "freeze.layers"),
    ],
)
def test_freezing_nothing_everything_or_too_much_is_refused(rows: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanError) as caught:
        frozen("bert", **rows)
    assert caught.value.code == code
    assert caught.value.advice


@pytest.mark.parametrize("rows", [{"pattern": "layer.(0"}, {"layers": -2000}, {"layers": "some"}])
def test_values_that_cannot_be(rows: dict[str, Any]) -> None:
    with pytest.raises(TableError) as caught:
        build(Freeze, rows)
    assert caught.value.code == "row.value"
    assert caught.value.key == f"freeze.{next(iter(rows))}"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def test_a_whole_training_leaves_the_frozen_part_bit_for_bit(model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    fit(model, tmp_path, plan({"freeze": {"layers": 2}}, max_steps=6, eval_every=3, weight_decay=0.5)).run()
    base, after = load_file(model / "model.safetensors"), weights(tmp_path)
    for name, value in base.items():
        low = name.startswith(("embeddings.", "encoder.layer.0.", "encoder.layer.1."))
        assert torch.equal(value, after[f"bert.{name}"]) == low, name
