"""How a model begins to write: the token that its decoder is shown first, and the one that has to come next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError, PlanError
from tunebook.models.source import load_tokenizer, read_config
from tunebook.tasks.seq2seq.pieces import language_tokens, shown, targets
from tunebook.tasks.seq2seq.rows import LAST, Seq2seqRows

_BY_LANGUAGE = ("mbart",)  # their decoders begin with the token of the target's language


def reading(tokenizer: Any, own: Seq2seqRows) -> Any:
    """A tokenizer set to the languages of source and target.

    Raises:
        PlanError: `seq2seq.language`: it tells no languages apart, or not this one.
    """
    known = set(language_tokens(tokenizer).values())
    for name, side, code in (
        ("source_language", "src_lang", own.source_language),
        ("target_language", "tgt_lang", own.target_language),
    ):
        if code is None:
            continue
        if code not in known:
            allowed = " | ".join(sorted(known)) or "none"
            raise PlanError("seq2seq.language", key=f"seq2seq.{name}", value=code, allowed=allowed)
        setattr(tokenizer, side, code)
    return tokenizer


def start_of(folder: Path, own: Seq2seqRows) -> int:
    """The token that a base model's decoder begins with, by its own rule.

    Raises:
        PlanError: `seq2seq.start`: neither the table nor the model says.
    """
    if own.decoder_start is not None:
        return own.decoder_start
    config = read_config(folder)
    if config.get("model_type") in _BY_LANGUAGE:
        return LAST
    from transformers import AutoConfig

    try:
        found = getattr(
            AutoConfig.from_pretrained(str(folder), trust_remote_code=False), "decoder_start_token_id", None
        )
    except (ValueError, OSError):  # what is wrong with it is said where the model is made
        found = None
    if found is None:
        raise PlanError("seq2seq.start", key="seq2seq.decoder_start", value=None, kind=str(config.get("model_type")))
    return int(found)


def begin(model: Any, folder: Path, own: Seq2seqRows) -> None:
    """Let a model write as it is taught, here and wherever it is loaded: its settings name the first token, and the
    one behind it where all targets have the same, as a language.

    Raises:
        ModelError: `seq2seq.shift`: the model's own rule shows the decoder something else.
    """
    import torch

    tokenizer = reading(load_tokenizer(folder), own)
    start = start_of(folder, own)
    (line,), _ = targets(["a"], tokenizer, own.model_copy(update={"target_length": 32}))
    ours = shown(line, start)
    model.config.decoder_start_token_id = ours[0]
    theirs = model.prepare_decoder_input_ids_from_labels(torch.tensor([line]))[0].tolist()
    if theirs != ours:
        raise ModelError("seq2seq.shift", key="base_model", value=str(folder), ours=ours[:3], theirs=theirs[:3])
    fixed = {*tokenizer.all_special_ids, *language_tokens(tokenizer)}
    first = line[0] if len(line) > 1 and line[0] in fixed else None
    settings = model.generation_config
    settings.decoder_start_token_id, settings.forced_bos_token_id = ours[0], first
    settings.forced_eos_token_id = None


__all__ = ["begin", "reading", "start_of"]
