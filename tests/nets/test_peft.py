"""Methods on architectures: each trains, leaves the base alone and comes back the same, or it is refused.

Of all pairs some are drawn; `make check-all` tries each."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from tests import small, tiny
from tests.drawn import drawn
from tests.efficient import METHODS, TESTED, batch, facts, under
from tests.engine.test_fit import plan
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels, Plan
from tunebook.core.params import build
from tunebook.core.registry import tasks, techniques
from tunebook.core.technique import RunContext
from tunebook.core.training import Training
from tunebook.engine.stored import read_model, write_model
from tunebook.engine.weave import Weave
from tunebook.models.architecture import depths
from tunebook.models.source import model_id
from tunebook.nets import peft
from tunebook.nets.target_modules import linears

KINDS = {"text_classification": "single_label", "tagging": "spans", "reranking": "relevance"}
HEADS = {
    "bert": {"bert.pooler", "classifier"},
    "roberta": {"classifier"},
    "xlm-roberta": {"classifier"},
    "electra": {"classifier"},
    "deberta": {"pooler", "classifier"},
    "deberta-v2": {"pooler", "classifier"},
    "distilbert": {"pre_classifier", "classifier"},
    "modernbert": {"model.final_norm", "head", "classifier"},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def folder(kind: str) -> Path:
        return small.base_model(tmp_path_factory.mktemp(kind), kind)

    return folder


# Pairs of task and method that go together.
CASES = [(task, key) for task in KINDS for key in METHODS if techniques()[key].needs <= tasks()[task].gives]


def made(key: str, folder: Path, task: str) -> Plan:
    values = build(techniques()[key], {}).model_dump()
    labels = Labels(problem=KINDS[task], names=[] if task == "reranking" else ["a", "b"])
    place = {"model": str(folder), "model_id": model_id(folder), "task": task, "labels": labels}
    return plan({key: values}, dropout=0.0, attention_dropout=0.0, classifier_dropout=0.0).model_copy(update=place)


def trained(model: Any, run: RunContext, technique: Any, kind: str) -> None:
    """Four steps of Adam."""
    rows = batch(kind)
    labels = torch.tensor([0, 1, 0, 1, 0, 1])

    def loss_of(net: Any, given: Any) -> Any:
        logits = net(**given).logits
        if logits.shape[-1] == 1:
            return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels.float()), None
        wanted = labels[:, None].expand(logits.shape[:2]) if logits.dim() == 3 else labels  # a label a token
        return nn.functional.cross_entropy(logits.flatten(0, -2), wanted.flatten()), None

    run.total_steps = 4
    optimizer = torch.optim.Adam([item for item in model.parameters() if item.requires_grad], lr=0.01)
    run.optimizer = optimizer
    technique.on("start", run)
    if hasattr(technique, "around_loss"):
        loss_of = technique.around_loss(loss_of, run)
    model.train()
    for run.step in range(4):
        optimizer.zero_grad()
        loss_of(model, rows)[0].backward()
        optimizer.step()
        technique.on("after_step", run)
    technique.on("end", run)
    model.eval()


@pytest.mark.parametrize(("name", "key", "kind"), drawn([(*case, kind) for case in CASES for kind in TESTED], 80))
def test_a_method_trains_and_comes_back_or_is_refused(
    name: str, key: str, kind: str, base: Any, tmp_path: Path
) -> None:
    technique: Any = build(techniques()[key], {})
    if kind in peft.REFUSED.get(key, {}):
        with pytest.raises(PlanError) as caught:
            technique.refuse(facts(kind, task=name))
        assert caught.value.code == "peft.architecture"
        nearest = caught.value.allowed.removesuffix("=on")
        assert kind not in peft.REFUSED.get(nearest, {}) and (name, nearest) in CASES, "the nearest method is possible"
        return
    technique.refuse(facts(kind, task=name))
    the_plan, task = made(key, base(kind), name), tasks()[name]()
    bare = task.build(base(kind), the_plan.labels, the_plan.params)
    before = {name: item.detach().clone() for name, item in bare.named_parameters()}
    run = RunContext(model=bare, settings=the_plan.params, labels=the_plan.labels)
    model = Weave([technique], run=run).model(bare)
    trained(model, run, technique, kind)
    assert run.counters[key]["tensors_moved"] == run.counters[key]["tensors"] > 0
    write_model(model, tmp_path, the_plan, delta=True)
    again = read_model(tmp_path, the_plan, task).eval()
    with torch.no_grad():
        assert torch.equal(again(**batch(kind)).logits, model(**batch(kind)).logits)
    _check_head_and_base(again, task.build(base(kind), the_plan.labels, the_plan.params), before, key)


def _check_head_and_base(again: Any, fresh: Any, before: dict[str, torch.Tensor], key: str) -> None:
    """All of the head came back as it was trained; nothing of the base has changed but what the method is."""
    spots = depths(fresh)
    found = {bare_name(name, list(spots.of)): item for name, item in again.named_parameters()}
    for name, item in fresh.named_parameters():
        if spots.of[name] == spots.top:
            assert not torch.equal(found[name], item), name
        elif not (key == "bitfit" and name.endswith("bias")):
            assert torch.equal(found[name], before[name]), name


def bare_name(name: str, known: list[str]) -> str:
    """Name of a parameter in the base model, without what PEFT puts around it; its own name for one of PEFT's."""
    name = name.replace(".base_layer", "").replace(".modules_to_save.default", "")
    return next((item for item in known if name == item or name.endswith(f".{item}")), name)


@pytest.mark.parametrize("kind", TESTED)
def test_the_head_is_all_that_comes_after_the_layers(kind: str) -> None:
    assert set(peft.head_modules(tiny.classifier(kind))) == HEADS[kind]


@pytest.mark.parametrize("key", METHODS)
def test_a_skeleton_without_weights_trains_as_many(key: str) -> None:
    technique: Any = build(techniques()[key], {})
    model, _, _ = under(key)
    with torch.device("meta"):
        bare = tiny.classifier("bert")
    skeleton = technique.prepare_model(bare, RunContext(model=bare, settings=Training(learning_rate=1e-4)))
    sizes = [{n: p.shape for n, p in net.named_parameters() if p.requires_grad} for net in (model, skeleton)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("key", METHODS)
def test_all_that_is_trained_has_the_methods_own_rate(key: str) -> None:
    model, run, technique = under(key)
    model.add_module("extra_helper", nn.Linear(2, 2))
    names = [name for name, item in model.named_parameters() if item.requires_grad]
    items = dict(model.named_parameters())
    group = {"params": [items[name] for name in names], "names": names, "lr": 5e-5, "weight_decay": 0.1}
    groups = technique.param_groups([group], run)  # type: ignore[attr-defined]
    rates = {name: part["lr"] for part in groups for name in part["names"]}
    assert sorted(rates) == sorted(names)
    for name, rate in rates.items():
        wanted = 5e-5 if name.startswith("extra_") else technique.learning_rate  # type: ignore[attr-defined]
        assert rate == pytest.approx(wanted), name
    assert all(items[name] is item for part in groups for name, item in zip(part["names"], part["params"], strict=True))


@pytest.mark.parametrize("key", ["lora", "prompt", "adapter"])
def test_what_other_techniques_added_stays_trained(key: str) -> None:
    net = tiny.classifier("bert")
    net.add_module("extra_helper", nn.Linear(2, 2))
    technique: Any = build(techniques()[key], {})
    model = technique.prepare_model(net, RunContext(model=net, settings=Training(learning_rate=1e-4)))
    assert {
        name.rpartition(".")[2] for name, item in model.named_parameters() if "extra_" in name and item.requires_grad
    } == {
        "weight",
        "bias",
    }


@pytest.mark.parametrize(("key", "row"), [("prompt", "tokens"), ("p_tuning", "tokens"), ("prefix", "tokens")])
def test_virtual_tokens_must_fit_beside_the_texts(key: str, row: str) -> None:
    technique: Any = build(techniques()[key], {row: 20})
    technique.refuse(facts("bert"))  # 20 + 20 of 40
    with pytest.raises(PlanError) as caught:
        technique.refuse(facts("bert", settings={"max_length": 21}))
    assert caught.value.code == "peft.length" and caught.value.allowed == "max_length <= 20"
    assert caught.value.key == f"{key}.tokens" and "40" in caught.value.message
    technique.refuse(facts("roberta"))  # 42 places, of which the first two are never used
    with pytest.raises(PlanError):
        technique.refuse(facts("roberta", settings={"max_length": 21}))
    with pytest.raises(PlanError) as caught:
        build(techniques()[key], {row: 40}).refuse(facts("bert"))  # type: ignore[attr-defined]
    assert caught.value.allowed == f"{key}.tokens < 40"


def test_no_limit_where_the_model_names_none() -> None:
    build(techniques()["prompt"], {}).refuse(facts("bert", max_position_embeddings=None))  # type: ignore[attr-defined]


def test_a_method_that_moved_nothing_says_nothing() -> None:
    _, run, technique = under("lora")
    technique.on("start", run)  # type: ignore[attr-defined]
    technique.on("look", run)  # type: ignore[attr-defined]
    technique.on("end", run)  # type: ignore[attr-defined]
    assert run.counters == {}


def test_linear_maps_of_the_layers_become_maps_of_four_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for bitsandbytes: what it is asked for, layer by layer. No GPU has computed with it here."""

    class Linear4bit(nn.Linear):
        def __init__(self, inside: int, outside: int, bias: bool, compute_dtype: Any, quant_type: str) -> None:
            super().__init__(inside, outside, bias=bias)
            assert (compute_dtype, quant_type) == (torch.bfloat16, "nf4")

    def packed(data: torch.Tensor, requires_grad: bool, quant_type: str) -> nn.Parameter:
        assert quant_type == "nf4"
        return nn.Parameter(data, requires_grad=requires_grad)

    library = SimpleNamespace(nn=SimpleNamespace(Linear4bit=Linear4bit, Params4bit=packed))
    monkeypatch.setitem(sys.modules, "bitsandbytes", library)
    net, whole = tiny.classifier("bert").eval(), tiny.classifier("bert").eval()
    peft.quantized(net)
    kinds = {name for name, module in net.named_modules() if isinstance(module, Linear4bit)}
    assert kinds == set(linears(whole)) and net.is_loaded_in_4bit
    assert torch.equal(net(**batch()).logits, whole(**batch()).logits)
    with torch.device("meta"):
        skeleton = tiny.classifier("bert")
    peft.quantized(skeleton)
    assert not any(isinstance(module, Linear4bit) for module in skeleton.modules())
