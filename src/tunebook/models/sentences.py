"""How a base model makes one vector of a text: pooling, length, and what is put in front of it.

Read from the files that sentence-transformers writes, or known of a family of models, and written as it reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError

TEXT = "{text}"
_MODULES, _SETTINGS = "modules.json", "config_sentence_transformers.json"
_LENGTH = "sentence_bert_config.json"
# As sentence-transformers calls them in 1_Pooling/config.json, in its older and in its newer form.
_FLAGS = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "last": "pooling_mode_lasttoken"}
_MODES = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
_PLAIN = ("Transformer", "Pooling", "Normalize")
_QUERIES, _PASSAGES = ("query",), ("passage", "document", "corpus")


@dataclass(frozen=True)
class Sentences:
    """What becomes of the vectors of a text's tokens.

    Attributes:
        pooling: `mean` of the tokens, the first one (`cls`) or the `last` one.
        normalize: whether vectors have the length 1.
        query, passage: what a query and a passage are put into, such as `query: {text}`.
    """

    pooling: str = "mean"
    normalize: bool = True
    query: str = TEXT
    passage: str = TEXT

    def write(self, folder: Path, width: int) -> None:
        """Write what sentence-transformers needs beside a model of transformers.

        Args:
            width: of the vectors.
        """
        kinds = _PLAIN if self.normalize else _PLAIN[:2]
        modules = [
            {"idx": place, "name": str(place), "path": f"{place}_{kind}" if place else "", "type": _type(kind)}
            for place, kind in enumerate(kinds)
        ]
        prompts = {"query": self.query.removesuffix(TEXT), "document": self.passage.removesuffix(TEXT)}
        same = "query" if len(set(prompts.values())) == 1 and prompts["query"] else None
        pooled = {"word_embedding_dimension": width, **{flag: name == self.pooling for name, flag in _FLAGS.items()}}
        for place, kind in enumerate(kinds):
            (folder / f"{place}_{kind}").mkdir(exist_ok=True) if place else None
        _dump(folder / _MODULES, modules)
        _dump(folder / "1_Pooling" / "config.json", pooled)
        if self.normalize:
            _dump(folder / "2_Normalize" / "config.json", {})
        _dump(folder / _SETTINGS, {"prompts": prompts, "default_prompt_name": same, "similarity_fn_name": "cosine"})


# Families of models whose vectors are known, by a word in the name of the model or of its folder. Their cards say it:
# BAAI/bge-*, intfloat/e5-* and multilingual-e5-*, maidalun1020/bce-embedding-base_v1.
_FAMILIES: tuple[tuple[str, Sentences], ...] = (
    (r"bge-m3", Sentences("cls")),
    (r"bge-[a-z]+-zh", Sentences("cls", query="为这个句子生成表示以用于检索相关文章：{text}")),
    (r"bge-[a-z]+-en", Sentences("cls", query="Represent this sentence for searching relevant passages: {text}")),
    (r"bce-embedding", Sentences("cls")),
    (r"(^|[-_/])e5-", Sentences("mean", query="query: {text}", passage="passage: {text}")),
)


def sentences_of(folder: Path, name: str = "") -> Sentences:
    """How a base model makes vectors: what its files say, then what is known of its family; else the mean of its
    tokens, of length 1.

    Args:
        name: of the model, as the user gave it.

    Raises:
        ModelError: `model.sentence_modules`: it makes them in a way that is not known here.
    """
    words = "/".join((name, *folder.parts[-4:])).lower()
    family = next((known for pattern, known in _FAMILIES if re.search(pattern, words)), Sentences())
    modules = _load(folder / _MODULES)
    if not isinstance(modules, list):
        return family
    kinds = {str(item["type"]).rsplit(".", 1)[-1]: str(item["path"]) for item in modules}
    pooling = _pooling(_load(folder / kinds.get("Pooling", "") / "config.json") or {})
    if set(kinds) - set(_PLAIN) or not pooling:
        raise ModelError("model.sentence_modules", key="base_model", value=str(folder), kinds=", ".join(kinds))
    prompts = (_load(folder / _SETTINGS) or {}).get("prompts") or {}
    return Sentences(
        pooling,
        "Normalize" in kinds,
        _prompt(prompts, _QUERIES) or family.query,
        _prompt(prompts, _PASSAGES) or family.passage,
    )


def longest_read(folder: Path, tokenizer: Any) -> int:
    """Tokens that a model of vectors reads of a text, as sentence-transformers takes them from its files.

    Args:
        tokenizer: that of the folder, by transformers.
    """
    from tunebook.models.source import positions

    told = (_load(folder / _LENGTH) or {}).get("max_seq_length")
    room = min(positions(_load(folder / "config.json") or {}, tokenizer), int(tokenizer.model_max_length))
    return min(room, int(told)) if told else room


def made_for_vectors(folder: Path) -> bool:
    """Whether the files of a base model say how it makes one vector of a text."""
    return (folder / _MODULES).is_file()


def made_for_means(folder: Path) -> bool:
    """Whether the files of a base model say that it was made for vectors which are the mean of its tokens."""
    try:
        return made_for_vectors(folder) and sentences_of(folder).pooling == "mean"
    except ModelError:  # its vectors are made in another way
        return False


def _prompt(prompts: Mapping[str, str], names: tuple[str, ...]) -> str:
    """What a text of a kind is put into; empty where nothing is said."""
    found = next((prompts[name] for name in names if prompts.get(name)), "")
    return f"{found}{TEXT}" if found else ""


def _pooling(config: Mapping[str, Any]) -> str:
    """The one way of pooling that a file asks for; empty for others, and for several at once."""
    said = config.get("pooling_mode")
    if said is None:
        known = {name: flag for name, flag in _FLAGS.items() if config.get(flag)}
        asked = [flag for flag, on in config.items() if flag.startswith("pooling_mode_") and on is True]
        return next(iter(known)) if len(asked) == len(known) == 1 else ""
    names = [said] if isinstance(said, str) else list(said)
    return _MODES.get(names[0], "") if len(names) == 1 else ""


def _type(kind: str) -> str:
    return f"sentence_transformers.models.{kind}"


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _dump(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


__all__ = ["TEXT", "Sentences", "longest_read", "made_for_means", "made_for_vectors", "sentences_of"]
