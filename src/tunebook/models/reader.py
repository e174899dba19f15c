"""Read texts with a base model's tokenizer by the `tokenizers` library alone, which is there in a tenth of a second.

transformers makes some kinds of tokenizers anew from vocabulary and settings and takes others from tokenizer.json as
they stand. A folder is read here where both come to the same; whatever else is left to transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE, SETTINGS, SPECIAL = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_BERT = {name: f"[{name[:-6].upper()}]" for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
_OF_BERT = frozenset({"bert", "distilbert", "electra", "ernie"})  # kinds of models that come with BERT's tokenizer
_AS_IT_STANDS = frozenset({"PreTrainedTokenizer", "TokenizersBackend"})
_UNUSUAL = ("auto_map", "add_bos_token", "add_eos_token", "split_special_tokens", "max_len", "extra_special_tokens")
_UNUSUAL_TOO = ("additional_special_tokens", "model_specific_special_tokens", "from_slow", "tokenizer_file")
_PATCHED = 100_000  # from so many tokens on transformers looks for a fault of one family of tokenizers
_ENDLESS = int(1e30)
_INPUTS = ("input_ids", "token_type_ids", "attention_mask")


class Reader:
    """A tokenizer that reads texts, of which the names are those of transformers.

    Args:
        backend: of the `tokenizers` library; special: content of the special tokens by name; settings: of the folder.
    """

    is_fast = True

    def __init__(self, backend: Any, special: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self.backend_tokenizer = backend
        self.special = special
        self.init_kwargs = dict(settings)
        self.model_max_length = _or(settings.get("model_max_length"), _ENDLESS)
        self.model_input_names = list(settings.get("model_input_names") or _INPUTS)
        cut = (backend.truncation or {}).get("direction", "right")
        self.truncation_side = _or(settings.get("truncation_side"), cut)
        backend.no_padding()

    def __len__(self) -> int:
        return int(self.backend_tokenizer.get_vocab_size(with_added_tokens=True))

    @property
    def pad_token_id(self) -> int | None:
        """Number of the token that fills up."""
        return self._number("pad_token")

    @property
    def unk_token_id(self) -> int | None:
        """Number of the token that stands for what cannot be read."""
        return self._number("unk_token")

    @property
    def all_special_ids(self) -> list[int]:
        """Numbers of the special tokens."""
        return [int(self.backend_tokenizer.token_to_id(token)) for token in dict.fromkeys(self.special.values())]

    def _number(self, name: str) -> int | None:
        token = self.special.get(name)
        return None if token is None else int(self.backend_tokenizer.token_to_id(token))

    def get_vocab(self) -> dict[str, int]:
        """Token -> number."""
        return dict(self.backend_tokenizer.get_vocab(with_added_tokens=True))

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around both texts of a pair."""
        return int(self.backend_tokenizer.num_special_tokens_to_add(pair))

    def __call__(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        truncation: bool = False,
        max_length: int | None = None,
        add_special_tokens: bool = True,
        return_offsets_mapping: bool = False,
        **other: bool,
    ) -> dict[str, list[Any]]:
        """Token numbers of texts, or of pairs of which the longer text is cut first, column by column.

        Args:
            other: what transformers takes beside and what changes no token, such as `verbose`.
        """
        if truncation:
            side = {"strategy": "longest_first", "direction": self.truncation_side}
            self.backend_tokenizer.enable_truncation(max_length or self.model_max_length, **side)
        else:
            self.backend_tokenizer.no_truncation()
        rows = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        read = self.backend_tokenizer.encode_batch(rows, add_special_tokens=add_special_tokens)
        found = {"input_ids": [row.ids for row in read]}
        if "token_type_ids" in self.model_input_names:
            found["token_type_ids"] = [row.type_ids for row in read]
        if "attention_mask" in self.model_input_names:
            found["attention_mask"] = [row.attention_mask for row in read]
        return found | ({"offset_mapping": [row.offsets for row in read]} if return_offsets_mapping else {})


def read_tokenizer(folder: Path, kind: str) -> Reader | None:
    """The reader of a folder with a model of some kind (its `model_type`); None where transformers has to be asked."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
        file = json.loads(text)
        settings = _settings(folder)
        named = str(_or(settings.get("tokenizer_class"), "")).removesuffix("Fast")
        if any(settings.get(name) not in (None, [], {}) for name in (*_UNUSUAL, *_UNUSUAL_TOO)):
            return None
        if len(file["model"]["vocab"]) > _PATCHED:  # before the library reads them, for seconds
            return None
        if named in ("", "BertTokenizer") and kind in _OF_BERT:
            special = _special({**_BERT, **settings})
            whole = set(special) >= set(_BERT) and _is_bert(file, special, settings)
        else:
            filled = {"pad_token": file["padding"]["pad_token"]} if file.get("padding") else {}
            special = _special({**filled, **settings})
            whole = named in _AS_IT_STANDS and kind in _OF_BERT and file.get("post_processor") is not None
        if not whole or not _is_known(file, special, settings):
            return None
        from tokenizers import Tokenizer

        backend = Tokenizer.from_str(text)
    except Exception:  # whatever is wrong with the files, transformers says it
        return None
    return Reader(backend, special, settings) if backend.get_vocab_size() <= _PATCHED else None


def _settings(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, over which older folders have a second file."""
    path = folder / SETTINGS
    settings = dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    more = folder / SPECIAL
    if "added_tokens_decoder" not in settings and more.is_file():
        settings |= json.loads(more.read_text(encoding="utf-8"))
    return settings


def _special(settings: Mapping[str, Any]) -> dict[str, str]:
    found = {name: settings[name] for name in _NAMED if settings.get(name) is not None}
    return {name: token["content"] if isinstance(token, dict) else str(token) for name, token in found.items()}


def _is_known(file: Mapping[str, Any], special: Mapping[str, str], settings: Mapping[str, Any]) -> bool:
    """Whether the file holds all special tokens as such, and the settings name no others."""
    added = {token["content"]: token for token in file["added_tokens"]}
    strange = [name for name in settings if name.endswith("_token") and name not in _NAMED]
    listed = settings.get("added_tokens_decoder") or {}
    same = all({"id": int(number), **token} == added.get(token["content"]) for number, token in listed.items())
    return same and not strange and all(added.get(token, {}).get("special") is True for token in special.values())


def _is_bert(file: Mapping[str, Any], special: Mapping[str, str], settings: Mapping[str, Any]) -> bool:
    """Whether the file says what transformers makes of a BERT vocabulary with these settings."""
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": settings.get("tokenize_chinese_chars", True),
        "strip_accents": settings.get("strip_accents"),
        "lowercase": settings.get("do_lower_case", True),
    }
    model = {name: value for name, value in file["model"].items() if name != "vocab"}
    word_piece = {"type": "WordPiece", "unk_token": special["unk_token"], "continuing_subword_prefix": "##"}
    if (file["normalizer"], file["pre_tokenizer"]) != (normalizer, {"type": "BertPreTokenizer"}):
        return False
    if model != {**word_piece, "max_input_chars_per_word": 100}:
        return False
    plain = [token for token in file["added_tokens"] if token["special"] is True]
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    if len(plain) != len(file["added_tokens"]) or any(token[flag] for token in plain for flag in flags):
        return False
    return {token["content"] for token in plain} == set(special.values()) and _is_template(file, special)


def _is_template(file: Mapping[str, Any], special: Mapping[str, str]) -> bool:
    """Whether texts are put between BERT's special tokens."""
    start, end = special["cls_token"], special["sep_token"]
    numbers = file["model"]["vocab"]

    def token(name: str, side: int = 0) -> dict[str, Any]:
        return {"SpecialToken": {"id": name, "type_id": side}}

    def text(name: str, side: int) -> dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": side}}

    single = [token(start), text("A", 0), token(end)]
    return bool(
        file["post_processor"]
        == {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, text("B", 1), token(end, 1)],
            "special_tokens": {name: {"id": name, "ids": [numbers[name]], "tokens": [name]} for name in (start, end)},
        }
    )


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value


__all__ = ["FILE", "Reader", "read_tokenizer"]
