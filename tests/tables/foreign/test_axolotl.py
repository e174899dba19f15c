"""Axolotl: each value that is written in another way, and a whole file."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes, outcome, taken

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.axolotl import KEYS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"batch_size": 16, "micro_batch_size": 2}, {"gradient_accumulation_steps": 8}),
        ({"batch_size": 16, "gradient_accumulation_steps": "4"}, {"batch_size": 4}),
        ({"batch_size": 16, "micro_batch_size": 2, "gradient_accumulation_steps": 8}, "batch_known"),
        ({"batch_size": 15, "micro_batch_size": 2}, "batch_known"),
        ({"batch_size": "x", "micro_batch_size": 2}, "batch_known"),
        ({"fp16": False, "bf16": "auto"}, {"precision": "auto"}),
        ({"fp16": False}, {"precision": "auto"}),
        ({"float32": True}, {"precision": "fp32"}),
        ({"float16": True}, {"precision": "fp16"}),
        ({"evals_per_epoch": 1}, {"eval_every": None}),
        ({"evals_per_epoch": 4}, "evals_per_epoch"),
        ({"eval_steps": 20}, {"eval_every": 20}),
        ({"eval_steps": 20, "eval_strategy": "epoch"}, "not_by_steps"),
        ({"early_stopping_patience": 0}, {"early_stopping_patience": None}),
        ({"early_stopping_patience": 2}, {"early_stopping_patience": 2}),
        ({"adapter": "qlora"}, {"lora": True, "lora.quantize": "4bit"}),
        ({"adapter": "llama-adapter"}, "other_method"),
        ({"lora_r": 8}, "adapter_off"),
        ({"lora_r": 8, "adapter": "lora"}, {"lora.rank": 8}),
        ({"load_in_4bit": True, "adapter": "qlora"}, {"lora.quantize": "4bit"}),
        ({"load_in_8bit": True, "adapter": "lora"}, {"lora.quantize": "8bit"}),
        ({"load_in_4bit": False, "adapter": "lora"}, "off_there"),
        ({"load_in_4bit": True}, "adapter_off"),
        ({"lora_target_linear": True, "adapter": "lora"}, {"lora.targets": "all"}),
        ({"lora_target_linear": False, "adapter": "lora"}, "off_there"),
        ({"lora_target_linear": True}, "adapter_off"),
        ({"lora_target_modules": ["Wo"], "adapter": "lora"}, {"lora.targets": ["Wo"]}),
        ({"lora_target_modules": ["Wo"], "adapter": "lora", "lora_target_linear": True}, "targets_instead"),
        ({"lora_target_modules": ["Wo"], "adapter": "lora", "lora_target_linear": False}, {"lora.targets": ["Wo"]}),
        ({"lora_modules_to_save": ["embed_tokens", "lm_head"]}, "other_modules"),
        ({"lora_modules_to_save": ["model.score"]}, "head_always"),
        ({"peft.weight_dtype": "nf4", "adapter": "lora"}, {"lora.quantize": "4bit"}),
        ({"peft.weight_dtype": "int8", "adapter": "lora"}, {"lora.quantize": "8bit"}),
        ({"peft.weight_dtype": "mxfp4", "adapter": "lora"}, "no_row"),
    ],
)
def test_values(config, expected):
    assert outcome(KEYS, config) == expected


def test_a_whole_file():
    imported = read_foreign(SAMPLES / "axolotl.yml")
    assert imported.tool.name == "axolotl"
    assert taken(imported) == {
        "base_model": "answerdotai/ModernBERT-base",
        "max_length": 512,
        "batch_size": 2,
        "gradient_accumulation_steps": 8,
        "max_epochs": 1,
        "optimizer": "adamw",
        "lr_scheduler": "cosine",
        "lora": True,
        "lora.quantize": "4bit",
        "lora.rank": 16,
        "lora.alpha": 32.0,
        "lora.dropout": 0.05,
        "lora.targets": "all",
        "lora.learning_rate": 2e-4,
        "length_bucketing": "off",
        "precision": "auto",
        "gradient_checkpointing": True,
        "warmup_steps": 10,
        "weight_decay": 0.0,
    }
    found = notes(imported)
    assert found["early_stopping_patience"].action == "not_applicable" and "Empty there" in found["fp16"].why
    assert (found["load_in_4bit"].row, found["load_in_8bit"].row) == ("lora.quantize", None)
    assert (found["learning_rate"].action, found["learning_rate"].row) == ("renamed", "lora.learning_rate")
    assert imported.job is not None and imported.job.tasks == ("text_classification",)  # it names labels
