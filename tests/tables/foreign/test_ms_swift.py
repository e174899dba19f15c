"""ms-swift: each value that is written in another way, and whole files."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes, outcome, taken

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.ms_swift import KEYS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model": "Qwen/Qwen3"}, {"base_model": "modelscope:Qwen/Qwen3"}),
        ({"model": "Qwen/Qwen3", "use_hf": "true"}, {"base_model": "Qwen/Qwen3"}),
        ({"model": "/models/x"}, {"base_model": "/models/x"}),
        ({"model": "./x"}, {"base_model": "./x"}),
        ({"model": "C:\\x"}, {"base_model": "C:\\x"}),
        ({"torch_dtype": "torch.bfloat16"}, {"precision": "bf16"}),
        ({"torch_dtype": "float32"}, {"precision": "fp16"}),
        ({"torch_dtype": "int8"}, {"precision": "int8"}),
        ({"eval_steps": 20}, {"eval_every": 20}),
        ({"sft_type": "full"}, "full"),
        ({"train_type": "adalora"}, {"adalora": True}),
        ({"train_type": "longlora"}, "other_method"),
        ({"lora_rank": 8}, {"lora.rank": 8, "lora.alpha": 32}),
        ({"lora_rank": 8, "lora_alpha": 16}, {"lora.rank": 8}),
        ({"lora_alpha": 16, "train_type": "adalora"}, {"adalora.alpha": 16}),
        ({"lora_rank": 8, "train_type": "adalora"}, "adapter_off"),
        ({"adalora_init_r": 12, "train_type": "adalora"}, {"adalora.first_rank": 12}),
        ({"adalora_init_r": 12}, "adapter_off"),
        ({"target_modules": ["all-linear"], "train_type": "adalora"}, {"adalora.targets": ["all-linear"]}),
        ({"target_modules": ["q_proj"], "target_regex": "q.*"}, "targets_instead"),
        ({"target_regex": "q.*"}, {"lora.targets": "q.*"}),
        ({"adapter_length": 32, "train_type": "adapter"}, {"adapter.width": 32}),
        ({"quant_bits": 4}, {"lora.quantize": "4bit"}),
        ({"lora_rank": 8, "sft_type": "full"}, "adapter_off"),
        ({"freeze_parameters": "bert.embeddings"}, {"freeze.pattern": r"^(bert\.embeddings)"}),
        ({"freeze_parameters": 3}, "empty"),
        ({"freeze_parameters": ["a"], "trainable_parameters": ["b"]}, "freeze_exception"),
        ({"freeze_parameters_regex": "^a"}, {"freeze.pattern": "^a"}),
        ({"freeze_parameters_regex": "^a", "trainable_parameters_regex": "b"}, "freeze_exception"),
    ],
)
def test_values(config, expected):
    assert outcome(KEYS, config) == expected


def test_a_script():
    imported = read_foreign(SAMPLES / "ms_swift.sh")
    assert imported.tool.name == "ms-swift"
    assert taken(imported) == {
        "base_model": "modelscope:AI-ModelScope/bert-base-chinese",
        "precision": "bf16",
        "max_epochs": 1,
        "batch_size": 16,
        "lora": True,
        "lora.rank": 8,
        "lora.alpha": 32.0,
        "lora.targets": "all",
        "lora.learning_rate": 1e-4,
        "gradient_accumulation_steps": 2,
        "eval_every": 50,
        "max_length": 512,
        "warmup_ratio": 0.05,
        "warmup_steps": None,
        "length_bucketing": "on",
    }
    found = notes(imported)
    assert found["dataset"].value == ["DAMO_NLP/jd:cls#2000", "swift/other#10"]
    assert found["CUDA_VISIBLE_DEVICES"].action == "not_applicable"
    assert found["task_type"].value == "seq_cls"


def test_a_yaml_file():
    imported = read_foreign(SAMPLES / "ms_swift.yaml")
    assert imported.tool.name == "ms-swift"
    rows = taken(imported)
    assert (rows["base_model"], rows["precision"], rows["eval_every"]) == ("Qwen/Qwen2.5-7B-Instruct", "fp16", None)
    assert rows["freeze.pattern"] == r"^(bert\.embeddings|bert\.encoder\.layer\.0)"
    assert rows["metric"] == "accuracy"
    found = notes(imported)
    assert found["lr_scheduler_type"].action == "converted"
    assert (rows["lr_scheduler"], rows["lr_min_ratio"]) == ("cosine", 0.1)
    assert "0.999" in found["adam_beta2"].why
