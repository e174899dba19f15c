"""What other tools say of how much of a model is trained, and of which model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tunebook.tables.foreign.convert import given, name_of, truth
from tunebook.tables.foreign.keys import Config, Convert, Outcome
from tunebook.tables.values import number


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
        return Outcome(why="importing.freeze_layers")
    if name in ("lora", "qlora"):
        return Outcome({"lora": True}, "importing.method")
    return Outcome(why="importing.other_method")


def adapter(row: str, chosen: Callable[[Config], str]) -> Convert:
    """A row of LoRA, which counts only where LoRA is what the file trains."""

    def convert(value: Any, config: Config) -> Outcome:
        if chosen(config) not in ("lora", "qlora"):
            return Outcome(why="importing.adapter_off")
        return Outcome({row: value})

    return convert


def bits(count: int, chosen: Callable[[Config], str]) -> Convert:
    """A switch for weights of so many bits, under LoRA."""

    def convert(value: Any, config: Config) -> Outcome:
        if not truth(value) or chosen(config) not in ("lora", "qlora"):
            return Outcome(why="importing.off_there")
        return Outcome({"lora.bits": count}, "importing.bits")

    return convert


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


__all__ = ["adapter", "bits", "frozen_names", "frozen_pattern", "method", "neftune", "swift_model"]
