"""Values that other tools write in another way, by the keys of transformers."""

from __future__ import annotations

import pytest
from tests.tables.foreign.conftest import outcome

from tunebook.tables.foreign.convert import truth
from tunebook.tables.foreign.trainer import KEYS

NO_WARMUP = {"warmup_ratio": 0, "warmup_steps": None}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_steps": -1}, {"max_steps": None}),
        ({"max_steps": "0"}, {"max_steps": None}),
        ({"max_steps": 10}, {"max_steps": 10}),
        ({"max_steps": "many"}, {"max_steps": "many"}),
        ({"warmup_steps": 10}, {"warmup_steps": 10}),
        ({"warmup_steps": "x"}, {"warmup_steps": "x"}),
        ({"warmup_steps": 0.1}, {"warmup_ratio": 0.1, "warmup_steps": None}),
        ({"warmup_steps": 0}, NO_WARMUP),
        ({"warmup_steps": 0, "warmup_ratio": 0.1}, "ratio_rules"),
        ({"warmup_steps": 5, "lr_scheduler_type": "constant"}, "constant"),
        ({"warmup_ratio": 0.1}, {"warmup_ratio": 0.1, "warmup_steps": None}),
        ({"warmup_ratio": 0.1, "warmup_steps": 5}, "steps_rule"),
        ({"warmup_ratio": 0.1, "warmup_steps": 0}, {"warmup_ratio": 0.1, "warmup_steps": None}),
        ({"warmup_ratio": 0.1, "lr_scheduler_type": "SchedulerType.CONSTANT"}, "constant"),
        ({"lr_scheduler_type": "constant"}, {"lr_scheduler": "constant", **NO_WARMUP}),
        ({"lr_scheduler_type": "constant_with_warmup"}, {"lr_scheduler": "constant"}),
        ({"lr_scheduler_type": "SchedulerType.COSINE"}, {"lr_scheduler": "cosine"}),
        ({"lr_scheduler_type": 3}, {"lr_scheduler": 3}),
        ({"optim": "adamw_torch_fused"}, {"optimizer": "adamw"}),
        ({"optim": "paged_adamw_8bit"}, {"optimizer": "adamw"}),
        ({"optim": "OptimizerNames.ADAFACTOR"}, {"optimizer": "adafactor"}),
        ({"optim": "galore_adamw"}, {"optimizer": "galore_adamw"}),
        ({"optim": 3}, {"optimizer": 3}),
        ({"adafactor": True}, {"optimizer": "adafactor"}),
        ({"adafactor": False}, "off_there"),
        ({"adam_beta2": "0.999"}, "adam_same"),
        ({"adam_beta2": 0.95}, "adam_other"),
        ({"fp16": True}, {"precision": "fp16"}),
        ({"fp16": False, "bf16": True}, {"precision": "bf16"}),
        ({"fp16": False, "bf16": False}, {"precision": "fp32"}),
        ({"gradient_checkpointing": "unsloth"}, {"gradient_checkpointing": True}),
        ({"activation_checkpointing": False}, {"gradient_checkpointing": False}),
        ({"eval_steps": 50, "eval_strategy": "steps"}, {"eval_every": 50}),
        ({"eval_steps": 50, "evaluation_strategy": "IntervalStrategy.STEPS"}, {"eval_every": 50}),
        ({"eval_steps": 50}, "not_by_steps"),
        ({"eval_strategy": "epoch"}, {"eval_every": None}),
        ({"eval_strategy": "steps"}, "see_eval_steps"),
        ({"eval_strategy": "no"}, "always_looks"),
        ({"metric_for_best_model": "eval_loss"}, "metric_loss"),
        ({"metric_for_best_model": "spearmanr"}, {"metric": "spearman"}),
        ({"metric_for_best_model": "f1"}, "metric_unknown"),
        ({"group_by_length": "yes"}, {"length_bucketing": "on"}),
        ({"group_by_length": False}, {"length_bucketing": "off"}),
        ({"group_by_length": "maybe"}, {"length_bucketing": "maybe"}),
        ({"train_sampling_strategy": "group_by_length"}, {"length_bucketing": "on"}),
        ({"train_sampling_strategy": "sequential"}, "no_sampler"),
        ({"neftune_noise_alpha": 5}, {"neftune.alpha": 5}),
        ({"neftune_noise_alpha": 0}, "off_there"),
    ],
)
def test_values(config, expected):
    assert outcome(KEYS, config) == expected


@pytest.mark.parametrize(
    ("value", "state"), [(1, True), ("0", False), ("是", True), ("no", False), (2, None), ([], None)]
)
def test_truth(value, state):
    assert truth(value) is state
