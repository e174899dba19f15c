"""Tokenizers of language models as tests need them: bytes as GPT-2 and Llama 3 read them, pieces as Llama 2 does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.models.chat_template import Rendered

WORDS = (
    "the quick answer is yes and no, what do you want? User: Assistant: a question\n\nand an answer\n"
    "你好，请问今天天气怎么样？今天天气很好。"
)


def byte_level(special: Sequence[str] = ("<|endoftext|>",), size: int = 330, **named: str) -> Any:
    """A byte-level BPE tokenizer that reads any text; its end is the first special token if none is named."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    backend.train_from_iterator([WORDS] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, **({"eos_token": special[0]} | named))


def pieces(special: Sequence[str] = ("<unk>", "<s>", "</s>"), size: int = 330) -> Any:
    """A BPE tokenizer of pieces with a blank put before a text, bytes for what it does not know."""
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    every = [f"<0x{number:02X}>" for number in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=size + 256, special_tokens=[*special, *every], show_progress=False)
    backend.train_from_iterator([WORDS] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def learnt(found: Any, tokenizer: Any) -> list[str]:
    """The texts of the learnt parts of a conversation."""
    assert isinstance(found, Rendered), found
    parts: list[list[int]] = []
    last = False
    for token, wanted in zip(found.input_ids, found.learnt, strict=True):
        if wanted:
            parts += [] if last else [[]]
            parts[-1].append(token)
        last = wanted
    return [tokenizer.decode(part) for part in parts]
