"""LLaMA-Factory: each value that is written in another way, and whole files."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes, outcome, taken

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.llama_factory import KEYS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"finetuning_type": "freeze"}, {"freeze.layers": -2}),
        ({"finetuning_type": "freeze", "freeze_trainable_layers": "4"}, {"freeze.layers": -4}),
        ({"finetuning_type": "freeze", "num_layer_trainable": 1}, {"freeze.layers": -1}),
        ({"finetuning_type": "freeze", "freeze_trainable_layers": -2}, "lowest_layers"),
        ({"finetuning_type": "freeze", "freeze_trainable_layers": "x"}, "lowest_layers"),
        ({"finetuning_type": "oft"}, "other_method"),
        ({"finetuning_type": "lora"}, {"lora": True}),
        ({"lora_rank": 8}, {"lora.rank": 8, "lora.alpha": 16}),
        ({"lora_rank": 8, "lora_alpha": 8}, {"lora.rank": 8}),
        ({"lora_rank": "many"}, {"lora.rank": "many"}),
        ({"lora_rank": 8, "finetuning_type": "full"}, "adapter_off"),
        ({"use_rslora": True}, {"lora.rank_stabilized": True}),
        ({"use_dora": "true"}, {"lora.decompose": "true"}),
        ({"quantization_bit": 4}, {"lora.quantize": "4bit"}),
        ({"quantization_bit": 8}, {"lora.quantize": "8bit"}),
        ({"quantization_bit": 4, "finetuning_type": "full"}, "adapter_off"),
        ({"additional_target": "embed_tokens,lm_head"}, "other_modules"),
        ({"additional_target": "score"}, "head_always"),
        ({"additional_target": 3}, "other_modules"),
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
        "lora": True,
        "lora.rank": 8,
        "lora.alpha": 16.0,
        "lora.dropout": 0.05,
        "lora.targets": "q_proj|v_proj",
        "lora.learning_rate": 1e-4,
        "max_epochs": 3,
        "lr_scheduler": "cosine",
        "warmup_ratio": 0.1,
        "warmup_steps": None,
        "precision": "bf16",
        "eval_every": 200,
    }
    found = notes(imported)
    assert (found["num_train_epochs"].action, found["num_train_epochs"].row) == ("renamed", "max_epochs")
    assert (found["learning_rate"].row, found["bf16"].action) == ("lora.learning_rate", "converted")
    assert "takes the place" in found["learning_rate"].why
    assert [found[key].action for key in ("finetuning_type", "lora_rank", "lora_target")] == [
        "converted", "renamed", "converted",
    ]  # fmt: skip
    assert (imported.method, imported.job.kind, imported.job.key) == ("lora", "generation", "stage")
    assert found["dataset"].action == "not_applicable" and "tunebook init" in found["dataset"].why
    rate = imported.table().rows["lora.learning_rate"]
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
        "neftune.alpha": 5.0,
    }
    found = notes(imported)
    assert found["hf_hub_token"].value == "***"
    assert (found["learning_rte"].action, found["neftune_noise_alpha"].row) == ("unknown", "neftune.alpha")
    assert "learning_rate?" in found["learning_rte"].why and "memory" in found["optim"].why


def test_lora_is_what_it_trains_with_where_the_file_does_not_say(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("stage: sft\ncutoff_len: 64\n", encoding="utf-8")
    imported = read_foreign(path)
    assert imported.values == {"max_length": 64, "lora": True}
    assert "does not say" in notes(imported)["finetuning_type"].why and notes(imported)["finetuning_type"].value is None
    path.write_text("stage: sft\ncutoff_len: 64\nlearning_rate: 1.0e-4\n", encoding="utf-8")
    assert read_foreign(path).values == {"max_length": 64, "lora.learning_rate": 1e-4}


VERSION_1 = """
model: some/llm
model_class: llm
template: x
{peft}
quant_config: {quant}
kernel_config: {{name: auto}}
dist_config: {{name: fsdp2}}
train_dataset: rows.yaml
output_dir: out
micro_batch_size: 4
global_batch_size: 16
cutoff_len: 256
learning_rate: 1.0e-4
bf16: true
"""


@pytest.mark.parametrize(
    ("peft", "quant", "rows"),
    [
        (
            "peft_config: {name: lora, r: 16, target_modules: all, use_rslora: true}",
            "{name: bnb, quantization_bit: 4}",
            {
                "lora": True, "lora.rank": 16, "lora.alpha": 16.0, "lora.targets": "all", "lora.rank_stabilized": True,
                "lora.quantize": "4bit", "lora.learning_rate": 1e-4,
            },
        ),
        ("peft_config: null", "null", {"learning_rate": 1e-4}),
        ("", "null", {"learning_rate": 1e-4}),
        (
            "peft_config: {name: freeze, freeze_trainable_layers: 3}", "null",
            {"freeze.layers": -3, "learning_rate": 1e-4},
        ),
    ],
)  # fmt: skip
def test_version_1_nests_what_belongs_together(peft, quant, rows, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(VERSION_1.format(peft=peft, quant=quant), encoding="utf-8")
    imported = read_foreign(path)
    assert imported.tool.name == "llama-factory" and imported.job.kind == "generation"
    assert imported.values == {
        "base_model": "some/llm", "batch_size": 4, "gradient_accumulation_steps": 4, "max_length": 256,
        "precision": "bf16", **rows,
    }  # fmt: skip
    assert "unknown" not in {note.action for note in imported.notes}
