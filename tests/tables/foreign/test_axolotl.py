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
        ({"adapter": "qlora"}, {"lora": True}),
        ({"adapter": "llama-adapter"}, "other_method"),
        ({"lora_r": 8}, "adapter_off"),
        ({"lora_r": 8, "adapter": "lora"}, {"lora.rank": 8}),
        ({"load_in_4bit": True, "adapter": "qlora"}, {"lora.bits": 4}),
        ({"load_in_8bit": True, "adapter": "lora"}, {"lora.bits": 8}),
        ({"load_in_4bit": False, "adapter": "lora"}, "off_there"),
        ({"load_in_4bit": True}, "off_there"),
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
        "learning_rate": 2e-4,
        "length_bucketing": "off",
        "precision": "auto",
        "gradient_checkpointing": True,
        "warmup_steps": 10,
        "weight_decay": 0.0,
    }
    found = notes(imported)
    assert found["early_stopping_patience"].action == "not_applicable" and "Empty there" in found["fp16"].why
    assert (found["load_in_4bit"].row, found["load_in_8bit"].row) == ("lora.bits", None)
