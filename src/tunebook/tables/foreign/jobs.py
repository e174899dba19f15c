"""What a configuration of another tool is for: few of them classify texts, as a book does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.tables.foreign.convert import given, name_of, truth
from tunebook.tables.foreign.keys import Config, Job


def _by_word(kinds: Mapping[str, str]) -> dict[str, str]:
    """Word -> kind, of the words of each kind."""
    return {name: kind for kind, names in kinds.items() for name in names.split()}


_STAGES = _by_word({"generation": "sft", "pretraining": "pt", "reward": "rm", "preference": "ppo dpo kto"})
_CLASSES = _by_word({"generation": "llm", "reward": "cls"})
_SWIFT_TASKS = _by_word(
    {"generation": "causal_lm", "classification": "seq_cls", "ranking": "embedding reranker generative_reranker"}
)
# Programs of transformers and TRL.
_PROGRAMS = _by_word(
    {
        "generation": "sft run_seq2seq_qa run_summarization run_translation",
        "preference": "dpo kto orpo cpo grpo rloo ppo",
        "reward": "reward reward_modeling prm",
        "pretraining": "run_clm run_mlm run_plm run_fim",
        "classification": "run_glue run_classification run_xnli run_glue_no_trainer",
        "tagging": "run_ner",
        "answering": "run_qa run_swag",
    }
)
# Keys that only one job has.
_KEYS = _by_word(
    {
        "preference": "beta max_prompt_length max_completion_length num_generations reward_funcs reference_free "
        "rpo_alpha",
        "generation": "packing dataset_text_field assistant_only_loss completion_only_loss chat_template_path "
        "predict_with_generate generation_max_length",
    }
)


def llama_factory_job(config: Config, program: str) -> Job | None:
    """By the stage, which is `sft` where the file does not say; in version 1 by the class of the model."""
    return _by(config, "stage", _STAGES) or _by(config, "model_class", _CLASSES) or Job("generation")


def ms_swift_job(config: Config, program: str) -> Job | None:
    """By the command, the kind of preferences or the task."""
    if (kind := given(config, "rlhf_type")) is not None:
        return Job("reward" if name_of(kind) == "rm" else "preference", "rlhf_type", kind)
    if program in ("rlhf", "pt"):
        return Job("preference" if program == "rlhf" else "pretraining", "swift", program)
    if given(config, "num_labels") is not None and given(config, "task_type") is None:
        return Job("classification", "num_labels", config["num_labels"])
    return _by(config, "task_type", _SWIFT_TASKS) or Job("generation")


def axolotl_job(config: Config, program: str) -> Job | None:
    """By the kind of preferences, the switches for rewards, or the labels of a classifier."""
    if (kind := given(config, "rl")) is not None:
        return Job("preference", "rl", kind)
    for key in ("reward_model", "process_reward_model"):
        if truth(config.get(key)):
            return Job("reward", key, config[key])
    if str(config.get("model_type")).endswith("ForSequenceClassification"):
        return Job("classification", "model_type", config["model_type"])
    if given(config, "num_labels") is not None:
        return Job("classification", "num_labels", config["num_labels"])
    if (data := given(config, "pretraining_dataset")) is not None:
        return Job("pretraining", "pretraining_dataset", data)
    return Job("generation")


def trainer_job(config: Config, program: str) -> Job | None:
    """By the name of the program or by keys that only one job has; arguments alone do not say it."""
    if (kind := _PROGRAMS.get(program)) is not None:
        return Job(kind, "python", program)
    found = (key for key in _KEYS if given(config, key) is not None and truth(config[key]) is not False)
    key = next(found, None)
    if key is not None:
        return Job(_KEYS[key], key, config[key])
    return None


def _by(config: Config, key: str, kinds: Mapping[str, str]) -> Job | None:
    value: Any = given(config, key)
    kind = kinds.get(name_of(value)) if value is not None else None
    return Job(kind, key, value) if kind else None


__all__ = ["axolotl_job", "llama_factory_job", "ms_swift_job", "trainer_job"]
