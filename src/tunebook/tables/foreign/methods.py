"""What other tools say of how much of a model is trained, and of which model."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tunebook.tables.foreign.convert import given, name_of, truth
from tunebook.tables.foreign.keys import Config, Convert, Outcome
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


__all__ = [
    "METHODS",
    "Chosen",
    "adapter",
    "bits",
    "every_linear",
    "frozen_names",
    "frozen_pattern",
    "method",
    "neftune",
    "rank",
    "swift_model",
    "switched",
    "targets",
    "trained_too",
    "weight_dtype",
]
