"""A folder to follow the documents in: the files that they name, and a tiny model in place of the real ones."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest
from tests import small, tiny

_CHINESE = {
    "差评": ("房间很脏", "服务太差", "不会再来", "又吵又旧"),
    "好评": ("房间干净", "服务周到", "下次还来", "位置很好"),
}


def tiny_reader(folder: Path) -> Path:
    """A tiny BERT whose tokenizer reads characters: every one that the built-in samples and the files here hold."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import AutoModel, PreTrainedTokenizerFast

    texts = [
        (files("tunebook") / "sample" / f"support_{part}.csv").read_text(encoding="utf-8") for part in ("en", "zh")
    ]
    known = sorted({char for text in (*texts, *map(chr, range(33, 127)), *_chinese_texts()) for char in text.lower()})
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: n for n, token in enumerate([*specials, *known, *(f"##{char}" for char in known)])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=40,
    ).save_pretrained(str(folder))  # fmt: skip
    config = tiny.config("bert", dropout=0.1)
    config.vocab_size = len(vocabulary)
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(str(folder))
    return folder


def _chinese_texts() -> list[str]:
    return [part for parts in _CHINESE.values() for part in parts]


def _write(path: Path, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that brings the tiny model as the built-in model's package does."""
    package = tmp_path_factory.mktemp("packages") / "tiny_reader"
    package.mkdir()
    (package / "__init__.py").write_text("")
    tiny_reader(package / "model")
    return package


@pytest.fixture
def place(tmp_path: Path, reader: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that README and tutorial name; every base model is the tiny one."""
    from tunebook.models import source

    monkeypatch.syspath_prepend(str(reader.parent))
    monkeypatch.setitem(source.BUILTIN, "builtin:minilm", ("tiny_reader", "demo"))
    monkeypatch.setattr(source.multilingual, "multilingual", lambda: reader / "model")
    monkeypatch.setattr(source, "_hub", lambda name, allow_pickle: reader / "model")
    small.write_csv(tmp_path / "reviews.csv", 60)
    _write(tmp_path / "new.csv", ["text"], [[text] for text, _ in small.texts(12, seed=3)])
    _write(tmp_path / "train.csv", ["title", "topic"], small.texts(80, seed=1))
    _write(tmp_path / "test.csv", ["title", "topic"], small.texts(30, seed=2))
    draw = random.Random(0)
    chosen = [
        (label, "，".join(pair)) for label, parts in _CHINESE.items() for pair in itertools.permutations(parts, 3)
    ]
    draw.shuffle(chosen)
    _write(
        tmp_path / "评论.csv", ["评论内容", "情感"], [[text, str(list(_CHINESE).index(kind))] for kind, text in chosen]
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path
