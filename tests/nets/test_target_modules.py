"""Targets in every spelling, on every architecture: which linear maps they mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tiny
from tests.efficient import TESTED
from tunebook.core.errors import PlanError, TableError
from tunebook.core.params import build
from tunebook.core.registry import techniques
from tunebook.nets.target_modules import linears, spelt_targets, target_modules
from tunebook.tables.make import new_table


def ends(model: Any, targets: str) -> set[str]:
    """Names within a layer of the maps that are meant."""
    within = linears(model)
    return {within[name] for name in target_modules(model, targets, "lora.targets")}


def test_linear_maps_are_found_by_what_they_are_for() -> None:
    bert, modern = tiny.classifier("bert"), tiny.classifier("modernbert")
    assert len(target_modules(bert, "all", "x")) == 18 and len(target_modules(bert, "attention", "x")) == 12
    assert ends(bert, "query|value") == {"attention.self.query", "attention.self.value"}
    assert ends(modern, "attention") == {"attn.Wqkv", "attn.Wo"}
    assert not any("classifier" in name or "pooler" in name for name in target_modules(bert, "dense", "x"))


@pytest.mark.parametrize(
    ("targets", "missing"),
    [("conv1", "conv1"), ("query|valeu", "valeu"), ("q_proj|lm_head", "lm_head"), ("conv[12]", "conv[12]")],
)
def test_what_means_no_map_is_refused(targets: str, missing: str) -> None:
    with pytest.raises(PlanError) as caught:
        target_modules(tiny.classifier("bert"), targets, "lora.targets")
    assert (caught.value.code, caught.value.value) == ("peft.targets", missing)
    assert "attention.self.query" in caught.value.allowed


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("all-linear", "all"),
        ("ALL", "all"),
        (["all-linear"], "all"),
        ("attention", "attention"),
        ("query,value", "query|value"),
        ("query, value,", "query|value"),
        ("query，value", "query|value"),
        (["q_proj", " v_proj "], "q_proj|v_proj"),
        ('["query", "value"]', "query|value"),
        ("[query, value]", "query|value"),
        ("['attn.Wo', 'mlp.Wo']", "attn.Wo|mlp.Wo"),
        ("query|value", "query|value"),
        (r"layer\.\d{1,2}\..*query", r"layer\.\d{1,2}\..*query"),
        ("[qv]_proj", "[qv]_proj"),
        ('["query", ', '["query", '),
        (7, 7),
        ([], []),
        (["query", 7], ["query", 7]),
    ],
)
def test_usual_spellings_of_targets(given: Any, kept: Any) -> None:
    assert spelt_targets(given) == kept


@pytest.mark.parametrize("given", [["query", "value"], "query,value", '["query","value"]'])
def test_a_table_keeps_one_spelling(given: Any) -> None:
    assert new_table({"lora.targets": given}).values()["lora.targets"] == "query|value"
    assert build(techniques()["lora"], {"targets": "query,value"}).targets == "query|value"  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", [[], ["query", 7], 7, ""])
def test_what_names_no_maps_is_refused(given: Any) -> None:
    with pytest.raises(TableError, match=r"row\.value"):
        new_table({"lora.targets": given})


@pytest.mark.parametrize("kind", TESTED)
def test_names_of_a_language_model_mean_the_maps_of_the_same_work(kind: str) -> None:
    model = tiny.classifier(kind)
    every = set(linears(model).values())
    assert ends(model, "q_proj|v_proj") < ends(model, "attention") <= every
    assert ends(model, "q_proj|k_proj|v_proj|o_proj") | ends(model, "gate_proj|up_proj|down_proj") >= {
        name for name in every if "pos_" not in name
    }
    assert ends(model, "o_proj").isdisjoint(ends(model, "q_proj|k_proj|v_proj|up_proj|down_proj"))


def test_a_map_of_three_works_stands_for_each_of_them() -> None:
    assert ends(tiny.classifier("modernbert"), "query") == {"attn.Wqkv"}
    assert ends(tiny.classifier("bert"), "qkv_proj") == {f"attention.self.{name}" for name in ("query", "key", "value")}
    assert ends(tiny.classifier("deberta"), "q_proj") == {"attention.self.in_proj"}


def test_a_pattern_may_be_of_whole_names() -> None:
    bert = tiny.classifier("bert")
    assert ends(bert, r"bert\.encoder\.layer\.\d+\.attention.*value") == {"attention.self.value"}


@pytest.mark.parametrize("key", ["lora", "adalora"])
def test_a_pattern_must_compile(key: str) -> None:
    with pytest.raises(TableError) as caught:
        build(techniques()[key], {"targets": "query("})
    assert caught.value.key == f"{key}.targets"


@pytest.mark.parametrize(("kind", "query"), [("t5", "q"), ("bart", "q_proj")])
def test_maps_of_encoder_and_decoder_are_found_by_what_they_are_for(kind: str, query: str) -> None:
    from transformers import AutoModelForSeq2SeqLM

    net = AutoModelForSeq2SeqLM.from_config(tiny.config(kind))
    assert len(target_modules(net, "attention", "x")) == 2 * 4 + 2 * 8
    assert len(target_modules(net, "all", "x")) == 2 * 4 + 2 * 8 + 4 * 2
    asked = target_modules(net, "query|value", "x")
    assert len(asked) == 2 * 2 + 2 * 4 and any(name.endswith(f".{query}") for name in asked)
    assert len(target_modules(net, "up_proj|down_proj", "x")) == 4 * 2
