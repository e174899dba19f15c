"""Programs of transformers and TRL: arguments of training, and what they add to them."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import notes, outcome

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.programs import KEYS, trained


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"use_peft": True}, {"lora": True}),
        ({"use_peft": False}, "off_there"),
        ({"lora_r": 16}, "adapter_off"),
        ({"lora_r": 16, "use_peft": True}, {"lora.rank": 16, "lora.alpha": 32}),
        ({"lora_r": 16, "use_peft": "true", "lora_alpha": 4}, {"lora.rank": 16}),
        ({"load_in_4bit": True, "use_peft": True}, {"lora.quantize": "4bit"}),
        ({"dtype": "bfloat16"}, {"precision": "bf16"}),
        ({"torch_dtype": "torch.float32"}, {"precision": "fp32"}),
        ({"torch_dtype": "auto"}, {"precision": "auto"}),
        ({"dtype": "float32", "bf16": True}, "switch_rules"),
    ],
)
def test_values(config, expected):
    assert outcome(KEYS, config) == expected


def test_what_is_trained():
    assert [trained(config) for config in ({}, {"use_peft": True}, {"use_peft": False})] == ["", "lora", "full"]


def test_a_command_of_trl(tmp_path):
    path = tmp_path / "sft.sh"
    path.write_text(
        "trl sft --model_name_or_path some/base --dataset_name some/rows --learning_rate 2.0e-4 --use_peft --lora_r 32 "
        "--lora_alpha 16 --lora_target_modules q_proj v_proj --max_length 512 --packing --report_to none\n",
        encoding="utf-8",
    )
    imported = read_foreign(path)
    assert (imported.tool.name, imported.method, imported.job.kind) == ("transformers", "lora", "generation")
    assert imported.values == {
        "base_model": "some/base",
        "lora.learning_rate": 2e-4,
        "lora": True,
        "lora.rank": 32,
        "lora.alpha": 16.0,
        "lora.targets": "q_proj|v_proj",
        "max_length": 512,
    }
    assert {note.action for note in imported.notes} == {"renamed", "converted", "taken", "not_applicable"}


def test_a_command_of_transformers(tmp_path):
    path = tmp_path / "glue.sh"
    path.write_text(
        "export TASK=mrpc\npython run_glue.py --model_name_or_path bert-base-cased --task_name $TASK --do_train "
        "--max_seq_length 128 --per_device_train_batch_size 32 --learning_rate 2e-5 --num_train_epochs 3\n",
        encoding="utf-8",
    )
    imported = read_foreign(path)
    assert (imported.tool.name, imported.method) == ("transformers", "") and imported.job.tasks == (
        "text_classification",
    )
    assert imported.values == {
        "base_model": "bert-base-cased", "max_length": 128, "batch_size": 32, "learning_rate": 2e-5, "max_epochs": 3,
    }  # fmt: skip
    assert notes(imported)["task_name"].value == "mrpc"
