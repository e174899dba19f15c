"""The tokenizer of a model as a GGUF file has it: tokens with their kinds, merges or scores, special tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tunebook.core.errors import ModelError
from tunebook.models.chat_template import end_tokens

_NORMAL, _UNKNOWN, _CONTROL, _OWN, _UNUSED, _BYTE = range(1, 7)  # kinds of tokens, as the specification numbers them
# How bytes are split into words, by the expression that tokenizer.json has for it: the names are those of llama.cpp.
_SPLITS: Mapping[str, str] = MappingProxyType(
    {
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
        "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": "llama-bpe",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
        "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": "qwen2",
    }
)


def add_tokens(writer: Any, tokenizer: Any, count: int) -> None:
    """Write a tokenizer.

    Args:
        writer: of the package `gguf`; count: tokens that the model has vectors for.

    Raises:
        ModelError: `gguf.tokenizer`: it is of another kind.
    """
    if not tokenizer.is_fast:
        raise _other(tokenizer, type(tokenizer).__name__)
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    model = described["model"]
    if model["type"] != "BPE":
        raise _other(tokenizer, str(model["type"]))
    by_number = {number: token for token, number in tokenizer.get_vocab().items()}
    tokens = [by_number.get(number, f"[PAD{number}]") for number in range(count)]
    if model.get("byte_fallback"):
        writer.add_tokenizer_model("llama")
        writer.add_token_scores([-float(number) for number in range(count)])
        first = tokenizer.convert_ids_to_tokens(tokenizer("a", add_special_tokens=False)["input_ids"])[0]
        writer.add_add_space_prefix(first.startswith("▁"))
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_split(tokenizer, described["pre_tokenizer"]))
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        writer.add_token_merges(merges)
    writer.add_token_list(tokens)
    writer.add_token_types(_kinds(tokenizer, tokens, by_number))
    _add_special(writer, tokenizer)


def _split(tokenizer: Any, described: Mapping[str, Any] | None) -> str:
    """The name of the way in which a byte-level tokenizer finds words."""
    parts = (described or {}).get("pretokenizers", [described or {}])
    kinds = [part.get("type") for part in parts]
    if kinds == ["ByteLevel"] and parts[0].get("use_regex") and not parts[0].get("add_prefix_space"):
        return "gpt-2"
    if kinds == ["Split", "ByteLevel"] and not parts[1].get("use_regex"):
        found = _SPLITS.get(str(parts[0]["pattern"].get("Regex")))
        if found:
            return found
    raise _other(tokenizer, " + ".join(map(str, kinds)))


def _kinds(tokenizer: Any, tokens: list[str], known: Mapping[int, str]) -> list[int]:
    added = tokenizer.added_tokens_decoder
    found = []
    for number, token in enumerate(tokens):
        if number not in known:
            found.append(_UNUSED)
        elif token == tokenizer.unk_token:
            found.append(_UNKNOWN)
        elif number in added:
            found.append(_CONTROL if added[number].special else _OWN)
        else:
            found.append(_BYTE if len(token) == 6 and token.startswith("<0x") else _NORMAL)
    return found


def _add_special(writer: Any, tokenizer: Any) -> None:
    """The tokens that begin, end and fill up; that which ends an answer has a place of its own there."""
    ends = end_tokens(tokenizer)
    for number, write in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.unk_token_id, writer.add_unk_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
        (ends[-1] if ends else None, writer.add_eos_token_id),
        (ends[0] if ends else None, writer.add_eot_token_id),
    ):
        if number is not None:
            write(int(number))
    first = tokenizer("a")["input_ids"][:1]
    writer.add_add_bos_token(bool(first) and first[0] == tokenizer.bos_token_id)
    writer.add_add_eos_token(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _other(tokenizer: Any, what: str) -> ModelError:
    return ModelError("gguf.tokenizer", key="tokenizer", value=what, name=type(tokenizer).__name__)


__all__ = ["add_tokens"]
