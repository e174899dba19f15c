"""What other tools say of what they do: for which task, from which model, and how much of it is trained."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tunebook.tables.foreign.convert import given, name_of, truth
from tunebook.tables.foreign.keys import Config, Convert, Job, Outcome
from tunebook.tables.values import is_nothing, number, word

Chosen = Callable[[Config], str]
# Method of another tool -> technique.
METHODS: Mapping[str, str] = {"lora": "lora", "qlora": "lora", "adalora": "adalora", "ia3": "ia3", "adapter": "adapter"}
# Modules after the last layer, which every method here trains and keeps in full.
_HEADS = frozenset({"classifier", "classification_head", "head", "lm_head", "pooler", "score", "v_head"})
_UPPER = ("freeze_trainable_layers", "num_layer_trainable", "peft_config.freeze_trainable_layers")
_LAYERS = 2  # trained by LLaMA-Factory's freezing where the file names no number


def swift_model(value: Any, config: Config) -> Outcome:
    """ms-swift looks names up at ModelScope, unless `use_hf` is on."""
    if truth(config.get("use_hf")) or str(value).startswith((".", "/", "~")) or re.match(r"[A-Za-z]:[\\/]", str(value)):
        return Outcome({"base_model": value})
    return Outcome({"base_model": f"modelscope:{value}"}, "importing.modelscope")


def method(value: Any, config: Config) -> Outcome:
    """How much of the model is trained: a technique of ours, or all of it."""
    name = name_of(value)
    if name == "full":
        return Outcome(why="importing.full")
    if name == "freeze":
        return _upper_layers(given(config, *_UPPER))
    key = METHODS.get(name)
    if key is None:
        return Outcome(why="importing.other_method")
    four_bits = {"lora.quantize": "4bit"} if name == "qlora" else {}
    return Outcome({key: True, **four_bits}, "importing.method")


def switched(value: Any, config: Config) -> Outcome:
    """TRL's switch for LoRA."""
    return Outcome({"lora": True}, "importing.method") if truth(value) else Outcome(why="importing.off_there")


def _upper_layers(count: Any) -> Outcome:
    """Freezing of all but the highest layers, or but the lowest where the number is below 0."""
    layers = number(_LAYERS if count is None else count)
    if layers is None or layers <= 0:
        return Outcome(why="importing.lowest_layers")
    return Outcome({"freeze.layers": -int(layers)}, "importing.upper_layers")


def adapter(field: str, chosen: Chosen, methods: Collection[str] = ("lora",)) -> Convert:
    """A row of the method that the file trains with; it counts only with one of these."""

    def convert(value: Any, config: Config) -> Outcome:
        key = METHODS.get(chosen(config))
        return Outcome({f"{key}.{field}": value}) if key in methods else Outcome(why="importing.adapter_off")

    return convert


def rank(chosen: Chosen, alpha: Callable[[float], float], strength: str = "lora_alpha") -> Convert:
    """The rank, with the strength that the tool takes where the key `strength` names none: `alpha` of the rank."""

    def convert(value: Any, config: Config) -> Outcome:
        found = adapter("rank", chosen)(value, config)
        size = number(value)
        if not found.rows or size is None or given(config, strength) is not None:
            return found
        return Outcome({**found.rows, "lora.alpha": alpha(size)}, "importing.alpha")

    return convert


def targets(chosen: Chosen, instead: str = "") -> Convert:
    """Which maps get a narrow one. `instead` is the key that goes first where it says something."""

    def convert(value: Any, config: Config) -> Outcome:
        first = config.get(instead)
        if not is_nothing(first) and first not in ("", []) and truth(first) is not False:
            return Outcome(why="importing.targets_instead")
        return adapter("targets", chosen, ("lora", "adalora"))(value, config)

    return convert


def every_linear(chosen: Chosen) -> Convert:
    """A switch for all linear maps."""

    def convert(value: Any, config: Config) -> Outcome:
        return adapter("targets", chosen)("all", config) if truth(value) else Outcome(why="importing.off_there")

    return convert


def bits(chosen: Chosen, count: int | None = None) -> Convert:
    """Bits of the frozen weights, under LoRA: a number, or a switch for `count` of them."""

    def convert(value: Any, config: Config) -> Outcome:
        if count is not None and not truth(value):
            return Outcome(why="importing.off_there")
        text = f"{value if count is None else count}bit"
        found = adapter("quantize", chosen)(text, config)
        return Outcome(found.rows, "importing.bits") if found.rows else found

    return convert


def weight_dtype(chosen: Chosen) -> Convert:
    """Axolotl's newer place for the bits of the frozen weights."""

    def convert(value: Any, config: Config) -> Outcome:
        count = {"nf4": 4, "int4": 4, "int8": 8}.get(word(value))
        return bits(chosen)(count, config) if count else Outcome(why="importing.no_row")

    return convert


def trained_too(value: Any, config: Config) -> Outcome:
    """Modules that are trained in full beside LoRA: the head always is, others never are."""
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    others = {str(name).strip().rpartition(".")[2] for name in names} - _HEADS
    return Outcome(why="importing.other_modules" if others else "importing.head_always")


def neftune(value: Any, config: Config) -> Outcome:
    """Noise on the embeddings; 0 is off."""
    return Outcome({"neftune.alpha": value}) if number(value) != 0 else Outcome(why="importing.off_there")


def frozen_names(value: Any, config: Config) -> Outcome:
    """Beginnings of the names of frozen parameters, as a pattern."""
    if given(config, "trainable_parameters", "trainable_parameters_regex") is not None:
        return Outcome(why="importing.freeze_exception")
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []
    if not names:
        return Outcome(why="importing.empty")
    return Outcome({"freeze.pattern": f"^({'|'.join(re.escape(str(name)) for name in names)})"}, "importing.prefixes")


def frozen_pattern(value: Any, config: Config) -> Outcome:
    """A regular expression, as ours."""
    if given(config, "trainable_parameters", "trainable_parameters_regex") is not None:
        return Outcome(why="importing.freeze_exception")
    return Outcome({"freeze.pattern": value})


def _by_word(kinds: Mapping[str, str]) -> dict[str, str]:
    """Word -> kind, of the words of each kind."""
    return {name: kind for kind, names in kinds.items() for name in names.split()}


_STAGES = _by_word(
    {"generation": "sft", "pretraining": "pt", "reward": "rm", "preference": "dpo kto", "rewards": "ppo"}
)
_PREFERENCES = (
    "dpo",
    "ipo",
    "orpo",
    "kto",
)  # what a book learns of them; others learn from rewards or with another loss
_CLASSES = _by_word({"generation": "llm", "reward": "cls"})
_SWIFT_TASKS = _by_word(
    {"generation": "causal_lm", "classification": "seq_cls", "ranking": "embedding reranker generative_reranker"}
)
# Programs of transformers and TRL.
_PROGRAMS = _by_word(
    {
        "generation": "sft run_seq2seq_qa run_summarization run_translation",
        "preference": "dpo kto orpo",
        "rewards": "cpo grpo rloo ppo",
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
        "rewards": "num_generations reward_funcs",
        "preference": "beta max_prompt_length max_completion_length reference_free rpo_alpha",
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
        return Job("reward" if name_of(kind) == "rm" else _learnt(kind), "rlhf_type", kind)
    if program in ("rlhf", "pt"):
        return Job("preference" if program == "rlhf" else "pretraining", "swift", program)
    if given(config, "num_labels") is not None and given(config, "task_type") is None:
        return Job("classification", "num_labels", config["num_labels"])
    return _by(config, "task_type", _SWIFT_TASKS) or Job("generation")


def _learnt(kind: Any) -> str:
    return "preference" if name_of(kind) in _PREFERENCES else "rewards"


def axolotl_job(config: Config, program: str) -> Job | None:
    """By the kind of preferences, the switches for rewards, or the labels of a classifier."""
    if (kind := given(config, "rl")) is not None:
        return Job(_learnt(kind), "rl", kind)
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


__all__ = [
    "METHODS",
    "Chosen",
    "adapter",
    "axolotl_job",
    "bits",
    "every_linear",
    "frozen_names",
    "frozen_pattern",
    "llama_factory_job",
    "method",
    "ms_swift_job",
    "neftune",
    "rank",
    "swift_model",
    "switched",
    "targets",
    "trained_too",
    "trainer_job",
    "weight_dtype",
]
