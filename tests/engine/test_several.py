"""What several processes cannot hold is refused by name; layers are found by class or by the model's own list."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.engine.test_fit import fit, plan
from tests.engine.test_shards import LAUNCHED
from tunebook.core.errors import PlanError
from tunebook.core.registry import tasks
from tunebook.core.technique import RunContext
from tunebook.engine.several import KEY, layers_of, put_together, several, share
from tunebook.engine.shards import Shards


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("FSDP_", "ACCELERATE_"))]:
        monkeypatch.delenv(name)
    for name, value in {**LAUNCHED, "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("techniques", "more", "key", "value"),
    [
        ({"ema": {}}, {}, "ema", "on"),
        ({}, {"optimizer": "adafactor"}, "optimizer", "adafactor"),
        ({}, {"precision": "fp16"}, "precision", "fp16"),
    ],
)
def test_what_needs_whole_weights_is_refused_by_name(
    two: None, tmp_path: Path, techniques: dict[str, Any], more: dict[str, Any], key: str, value: str
) -> None:
    with pytest.raises(PlanError) as refused:
        fit(tmp_path, tmp_path, plan(techniques, **more)).prepare()
    assert (refused.value.code, refused.value.key, refused.value.value) == ("ranks.parts", key, value)
    if key == "ema":
        assert refused.value.allowed == "freeze | lora"


def test_a_task_that_was_not_tried_is_refused(two: None) -> None:
    with pytest.raises(PlanError) as refused, several(plan(), tasks()["masked_lm"](), (), "fp32"):
        pass
    assert (refused.value.code, refused.value.value) == ("ranks.parts", "masked_lm")
    assert refused.value.allowed == "causal_lm | text_classification"


def test_other_arithmetic_than_the_table_s_is_refused(two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    with pytest.raises(PlanError, match=r"ranks\.precision"), several(plan(), tasks()["causal_lm"](), (), "fp32"):
        pass


def test_layers() -> None:
    model = tiny.classifier("bert")
    assert layers_of(model, Shards()) == list(model.bert.encoder.layer)
    assert layers_of(model, Shards(by_layer=False)) == []
    named = layers_of(model, Shards(classes=("BertLayer", "BertAttention")))
    assert {type(one).__name__ for one in named} == {"BertLayer", "BertAttention"} and len(named) == 6
    assert named.index(model.bert.encoder.layer[0].attention) < named.index(model.bert.encoder.layer[0])
    with pytest.raises(PlanError) as refused:
        layers_of(model, Shards(classes=("T5Block",)))
    assert (refused.value.code, refused.value.value) == ("ranks.layers", "T5Block")


def test_a_whole_model_is_neither_shared_out_nor_put_together() -> None:
    model, run = tiny.classifier("bert"), RunContext(counters={KEY: {"processes": 2}})
    share(model, None)
    put_together(model, run)
    assert KEY not in run.counters
