"""Keys of models that write text, as rows of the tasks `instruction`, `preference` and `seq2seq`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tunebook.tables.foreign.convert import given, name_of, truth
from tunebook.tables.foreign.keys import Config, Convert, Key, Outcome

Chosen = Callable[[Config], str]
_LOSSES = {name: name for name in ("sigmoid", "hinge", "ipo", "orpo", "kto")} | {"dpo": "sigmoid"}
_OF_PAIRS = {name: name for name in ("sigmoid", "hinge", "ipo")}
_TEMPLATES = {"tokenizer_default": "auto", "chatml": "chatml", "llama3": "llama"}
_TURNS = {"default": "all", "last_round": "last"}

# Of sequence to sequence, as the programs of transformers call them.
SEQ2SEQ: Mapping[str, Key] = {
    "max_source_length": Key("max_length"),
    "max_target_length": Key("seq2seq.target_length"),
    "source_prefix": Key("seq2seq.prefix"),
    "source_lang": Key("seq2seq.source_language"),
    "target_lang": Key("seq2seq.target_language"),
}


def preference_loss(other: str = "", kinds: Mapping[str, str] = _LOSSES) -> Convert:
    """What is minimised of preferences; `other` is a key that says it nearer than the name DPO does."""

    def convert(value: Any, config: Config) -> Outcome:
        name = name_of(value)
        if name == "dpo" and other and name_of(given(config, other)) in _LOSSES:
            return Outcome(why="importing.other_key")
        return Outcome({"preference.loss": kinds[name]}) if name in kinds else Outcome(why="importing.preference")

    return convert


pair_loss = preference_loss(kinds=_OF_PAIRS)


def strength(chosen: Chosen) -> Convert:
    """How tightly the model is held to the one before; what weighs the odds of ORPO has the same name elsewhere."""

    def convert(value: Any, config: Config) -> Outcome:
        loss = _LOSSES.get(chosen(config))
        if loss is None:
            return Outcome(why="importing.preference")
        return Outcome({"preference.odds_weight" if loss == "orpo" else "preference.beta": value})

    return convert


def stage(value: Any, config: Config) -> Outcome:
    """LLaMA-Factory's stage: the job; KTO alone is a loss too."""
    return Outcome({"preference.loss": "kto"}) if name_of(value) == "kto" else Outcome(why="importing.says_job")


def last_turn(value: Any, config: Config) -> Outcome:
    """LLaMA-Factory's masking of all turns but the last."""
    state = truth(value)
    return Outcome({"instruction.learn": value if state is None else "last" if state else "all"})


def turns(value: Any, config: Config) -> Outcome:
    """ms-swift's weights of turns, of which two are names of what is learnt."""
    learn = _TURNS.get(name_of(value))
    return Outcome({"instruction.learn": learn}) if learn else Outcome(why="importing.prompting")


def template(value: Any, config: Config) -> Outcome:
    """Axolotl's chat template, where it has one of ours by another name."""
    ours = _TEMPLATES.get(name_of(value))
    task = "instruction" if given(config, "rl") is None else "preference"
    return Outcome({f"{task}.template": ours}) if ours else Outcome(why="importing.prompting")


__all__ = ["SEQ2SEQ", "last_turn", "pair_loss", "preference_loss", "stage", "strength", "template", "turns"]
