"""Tiny models that read and write, of random weights, with tokenizers whose words are single letters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests import small
from tunebook.core.settings import Filled

WORDS = ["a", "b", "c", "d", "e", "f", "sum:", "，", "我", "们"]
SIZES = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 128,
}  # fmt: skip
OF_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_decoder_layers": 2, "num_heads": 2}
# Pad 0, unknown 1, begin 2, end 3, two languages 4 and 5, then the words.
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "en_XX", "zh_CN"]
SPECIALS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "vocab_size": len(SPECIAL) + len(WORDS)}


def tokenizer(folder: Path | None = None, form: str = "$A </s>", **more: Any) -> Any:
    """Words between blanks, with special tokens around them as `form` says."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    numbers = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    backend = Tokenizer(models.WordLevel(numbers, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    used = [(token, numbers[token]) for token in form.split() if token in numbers]
    backend.post_processor = processors.TemplateProcessing(single=form, special_tokens=used)
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, **{"pad_token": "<pad>", "unk_token": "<unk>", "eos_token": "</s>", **more}
    )
    if folder is not None:
        made.save_pretrained(str(folder))
    return made


def config(kind: str, **more: Any) -> Any:
    """Of a tiny model."""
    from transformers import AutoConfig

    if kind == "t5":
        return AutoConfig.for_model("t5", **{**SPECIALS, **OF_T5, "decoder_start_token_id": 0, **more})
    starts = {"bart": 3, "marian": 0, "mbart": None}
    forced = {"forced_eos_token_id": 3, "decoder_start_token_id": starts[kind]}
    return AutoConfig.for_model(kind, **{**SPECIALS, **SIZES, **forced, **more})


FORMS = {"t5": "$A </s>", "bart": "<s> $A </s>", "marian": "$A </s>", "mbart": "$A </s> zh_CN"}


def base(folder: Path, kind: str, seed: int = 0, **more: Any) -> Path:
    """A base model's folder."""
    from transformers import AutoModelForSeq2SeqLM

    torch.manual_seed(seed)
    AutoModelForSeq2SeqLM.from_config(config(kind, **more)).save_pretrained(str(folder))
    tokenizer(folder, FORMS[kind], **({"bos_token": "<s>"} if kind == "bart" else {}))
    return folder


def settings(**own: Any) -> Filled:
    """Those of a plan."""
    return small.filled(**{f"seq2seq.{name}": value for name, value in own.items()})


__all__ = ["FORMS", "SPECIAL", "WORDS", "base", "config", "settings", "tokenizer"]
