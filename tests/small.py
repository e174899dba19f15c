"""A small base model with a tokenizer on disk, and a small book: what end-to-end tests stand on."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import tiny
from tunebook.core.settings import Filled

_WORDS = {
    "good": ["great", "lovely", "perfect", "happy", "fine", "superb"],
    "bad": ["awful", "broken", "poor", "sad", "slow", "dirty"],
    "so": ["plain", "usual", "average", "middling", "common", "medium"],
}
_FILLER = ["the", "room", "was", "service", "very", "and", "hotel", "food", "we", "found", "it", "really", "a", "stay"]


def filled(**given: Any) -> Filled:
    """Settings of a plan: the defaults but for these."""
    return Filled(**{"max_length": 64, "warmup_steps": 0, **given})


def words() -> list[str]:
    """All words of the small language."""
    return [word for group in _WORDS.values() for word in group] + _FILLER


def tokenizer(folder: Path | None = None, vocabulary: Sequence[str] | None = None) -> Any:
    """A word-level BERT-like tokenizer of the small language, or of other words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*specials, *(vocabulary or words())])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=40,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    if folder is not None:
        made.save_pretrained(str(folder))
    return made


def base_model(folder: Path, kind: str = "bert", vocabulary: Sequence[str] | None = None) -> Path:
    """A tiny encoder, decoder or both with random weights and its tokenizer, as a base model's folder."""
    import torch
    from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    torch.manual_seed(0)
    autos = {**dict.fromkeys(tiny.DECODERS, AutoModelForCausalLM), **dict.fromkeys(tiny.SEQ2SEQ, AutoModelForSeq2SeqLM)}
    auto = autos.get(kind, AutoModel)
    auto.from_config(tiny.config(kind, dropout=0.1)).save_pretrained(str(folder))
    tokenizer(folder, vocabulary)
    return folder


def texts(count: int, classes: int = 2, seed: int = 0) -> list[tuple[str, str]]:
    """Sentences with their class: one word of each gives it away. No sentence comes twice."""
    draw = random.Random(seed)
    names = list(_WORDS)[:classes]
    found: dict[str, str] = {}
    while len(found) < count:
        label = draw.choice(names)
        sentence = draw.choices(_FILLER, k=draw.randint(3, 12))
        sentence.insert(draw.randrange(len(sentence)), draw.choice(_WORDS[label]))
        found[" ".join(sentence)] = label
    return list(found.items())


def write_csv(path: Path, count: int = 200, classes: int = 2, seed: int = 0) -> Path:
    """A CSV file of such sentences with the columns text and label."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(texts(count, classes, seed))
    return path


KINDS = ("binary", "classes", "several", "pairs", "number", "ordered")
LEVELS = ["bad", "so", "good"]


def records(kind: str, count: int = 120, seed: int = 0) -> list[dict[str, str]]:
    """Rows of a kind of problem: two classes, three, several labels a row, pairs, numbers, ordered classes."""
    draw = random.Random(seed)
    if kind == "pairs":
        first, second = texts(count, 2, seed), texts(count, 2, seed + 1000)
        return [
            {"text": one, "other": two, "label": "same" if label == again else "different"}
            for (one, label), (two, again) in zip(first, second, strict=True)
        ]
    found = texts(count, 2 if kind == "binary" else 3, seed)
    if kind in ("binary", "classes", "ordered"):
        return [{"text": text, "label": label} for text, label in found]
    if kind == "number":
        return [{"text": text, "label": f"{LEVELS.index(label) + draw.gauss(0, 0.2):.3f}"} for text, label in found]
    return [
        {"text": f"{text} {draw.choice(_WORDS[more])}", "label": "|".join(sorted({label, more}))}
        for text, label in found
        for more in [draw.choice(list(_WORDS))]
    ]


def write_records(path: Path, kind: str, count: int = 120, seed: int = 0) -> Path:
    """A CSV file of such rows."""
    rows = records(kind, count, seed)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def options(kind: str) -> Any:
    """What has to be said of such a file."""
    from tunebook.data.options import DataOptions

    said: dict[str, dict[str, Any]] = {
        "several": {"problem": "multi_label", "label_separator": "|"},
        "pairs": {"text_pair": "other"},
        "number": {"problem": "regression"},
        "ordered": {"problem": "ordinal", "label_order": LEVELS},
    }
    return DataOptions(text="text", label="label", **said.get(kind, {}))
