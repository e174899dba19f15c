"""LLaMA-Factory: each value that is written in another way, and whole files."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes, outcome, taken

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.llama_factory import KEYS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"finetuning_type": "freeze"}, "freeze_layers"),
        ({"finetuning_type": "lora"}, {"lora": True}),
        ({"lora_rank": 8}, {"lora.rank": 8}),
        ({"disable_gradient_checkpointing": False}, {"gradient_checkpointing": True}),
        ({"disable_gradient_checkpointing": "x"}, {"gradient_checkpointing": "x"}),
        ({"pure_bf16": True}, {"precision": "bf16"}),
    ],
)
def test_values(config, expected):
    assert outcome(KEYS, config) == expected


def test_lora():
    imported = read_foreign(SAMPLES / "llama_factory_lora.yaml")
    assert imported.tool.name == "llama-factory"
    assert taken(imported) == {
        "base_model": "Qwen/Qwen2.5-0.5B",
        "max_length": 1024,
        "batch_size": 4,
        "gradient_accumulation_steps": 8,
        "learning_rate": 1e-4,
        "max_epochs": 3,
        "lr_scheduler": "cosine",
        "warmup_ratio": 0.1,
        "warmup_steps": None,
        "precision": "bf16",
        "eval_every": 200,
    }
    found = notes(imported)
    assert (found["num_train_epochs"].action, found["num_train_epochs"].row) == ("renamed", "max_epochs")
    assert (found["learning_rate"].action, found["bf16"].action) == ("taken", "converted")
    assert {found[key].action for key in ("finetuning_type", "lora_rank", "lora_target")} == {"not_available"}
    assert "learning rate of an adapter" in found["finetuning_type"].why
    assert found["dataset"].action == "not_applicable" and "tunebook init" in found["dataset"].why
    rate = imported.table().rows["learning_rate"]
    assert rate.reason == "LLaMA-Factory, llama_factory_lora.yaml: learning_rate = 1.0e-4"


def test_the_whole_model():
    imported = read_foreign(SAMPLES / "llama_factory_full.yaml")
    assert taken(imported) == {
        "base_model": "hfl/chinese-roberta-wwm-ext",
        "max_length": 256,
        "batch_size": 32,
        "gradient_accumulation_steps": 1,
        "learning_rate": 2e-5,
        "max_epochs": 4,
        "max_steps": None,
        "lr_scheduler": "constant",
        "warmup_steps": 100,
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "precision": "bf16",
        "gradient_checkpointing": False,
        "early_stopping_patience": 5,
    }
    found = notes(imported)
    assert found["hf_hub_token"].value == "***"
    assert (found["learning_rte"].action, found["neftune_noise_alpha"].row) == ("unknown", "neftune.alpha")
    assert "learning_rate?" in found["learning_rte"].why and "memory" in found["optim"].why
