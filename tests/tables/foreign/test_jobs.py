"""What a file is for, as each tool says it."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import SAMPLES

from tunebook.core.messages import catalogue
from tunebook.core.registry import tasks
from tunebook.tables.foreign import TOOLS, read_foreign


@pytest.mark.parametrize(
    ("tool", "config", "program", "kind", "key"),
    [
        ("llama-factory", {}, "", "generation", ""),
        ("llama-factory", {"stage": "sft"}, "", "generation", "stage"),
        ("llama-factory", {"stage": "DPO"}, "", "preference", "stage"),
        ("llama-factory", {"stage": "ppo"}, "", "rewards", "stage"),
        ("llama-factory", {"stage": "rm"}, "", "reward", "stage"),
        ("llama-factory", {"stage": "pt"}, "", "pretraining", "stage"),
        ("ms-swift", {}, "sft", "generation", ""),
        ("ms-swift", {}, "rlhf", "preference", "swift"),
        ("ms-swift", {}, "pt", "pretraining", "swift"),
        ("ms-swift", {"rlhf_type": "kto"}, "rlhf", "preference", "rlhf_type"),
        ("ms-swift", {"rlhf_type": "grpo"}, "rlhf", "rewards", "rlhf_type"),
        ("ms-swift", {"rlhf_type": "rm"}, "rlhf", "reward", "rlhf_type"),
        ("ms-swift", {"task_type": "seq_cls", "num_labels": 2}, "sft", "classification", "task_type"),
        ("ms-swift", {"num_labels": 2}, "sft", "classification", "num_labels"),
        ("ms-swift", {"task_type": "embedding"}, "sft", "ranking", "task_type"),
        ("axolotl", {}, "", "generation", ""),
        ("axolotl", {"rl": "dpo"}, "", "preference", "rl"),
        ("axolotl", {"rl": "simpo"}, "", "rewards", "rl"),
        ("axolotl", {"rl": None, "reward_model": True}, "", "reward", "reward_model"),
        ("axolotl", {"process_reward_model": "true"}, "", "reward", "process_reward_model"),
        ("axolotl", {"reward_model": False}, "", "generation", ""),
        ("axolotl", {"model_type": "AutoModelForSequenceClassification"}, "", "classification", "model_type"),
        ("axolotl", {"num_labels": 3}, "", "classification", "num_labels"),
        ("axolotl", {"pretraining_dataset": "c4"}, "", "pretraining", "pretraining_dataset"),
        ("transformers", {"seed": 1}, "run_glue", "classification", "python"),
        ("transformers", {"seed": 1}, "run_ner", "tagging", "python"),
        ("transformers", {"seed": 1}, "run_clm", "pretraining", "python"),
        ("transformers", {"seed": 1}, "dpo", "preference", "python"),
        ("transformers", {"seed": 1}, "grpo", "rewards", "python"),
        ("transformers", {"num_generations": 4, "beta": 0.1}, "", "rewards", "num_generations"),
        ("transformers", {"beta": 0.1}, "", "preference", "beta"),
        ("transformers", {"packing": True}, "train", "generation", "packing"),
    ],
)
def test_jobs(tool, config, program, kind, key):
    job = TOOLS[tool].job(config, program)
    assert (job.kind, job.key) == (kind, key)
    assert set(job.tasks) <= tasks().keys() and bool(job.tasks) == (kind not in ("reward", "rewards", "pretraining"))
    assert f"importing.job.{kind}" in catalogue()


@pytest.mark.parametrize("config", [{"seed": 1}, {"packing": False}, {"predict_with_generate": "false"}])
def test_arguments_alone_do_not_say(config):
    assert TOOLS["transformers"].job(config, "train") is None


@pytest.mark.parametrize(("name", "kind"), [("ms_swift.sh", "classification"), ("ms_swift.yaml", "generation")])
def test_whole_files(name, kind):
    assert read_foreign(SAMPLES / name).job.kind == kind
