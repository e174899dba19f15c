"""What is known of how models make vectors, in files as sentence-transformers has written them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import ModelError
from tunebook.models.sentences import Sentences, made_for_means, sentences_of


def folder(path: Path, pooling: dict[str, Any] | None, kinds: tuple[str, ...] = (), prompts: Any = None) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    modules = [{"path": "1_Pooling" if kind == "Pooling" else "", "type": f"a.b.{kind}"} for kind in kinds]
    (path / "modules.json").write_text(json.dumps(modules))
    if pooling is not None:
        (path / "1_Pooling").mkdir(exist_ok=True)
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    if prompts is not None:
        (path / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return path


@pytest.mark.parametrize("how", [
    Sentences(), Sentences("cls", False), Sentences("last", True, "query: {text}", "passage: {text}"),
    Sentences("mean", True, "q: {text}", "q: {text}"),
])  # fmt: skip
def test_what_is_written_is_read_back(how: Sentences, tmp_path: Path) -> None:
    how.write(tmp_path, 8)
    assert sentences_of(tmp_path) == how


def test_older_and_newer_files(tmp_path: Path) -> None:
    old = {"word_embedding_dimension": 8, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    kinds = ("Transformer", "Pooling")
    assert sentences_of(folder(tmp_path / "old", old, kinds)) == Sentences("cls", False)
    new = {"embedding_dimension": 8, "pooling_mode": "lasttoken", "include_prompt": True}
    assert sentences_of(folder(tmp_path / "new", new, (*kinds, "Normalize"))) == Sentences("last")
    prompts = {"query": "q ", "document": "d "}
    found = sentences_of(folder(tmp_path / "asked", {"pooling_mode": ["mean"]}, (*kinds, "Normalize"), prompts))
    assert found == Sentences("mean", True, "q {text}", "d {text}")


@pytest.mark.parametrize(("pooling", "kinds"), [
    ({"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, ("Transformer", "Pooling")),
    ({"pooling_mode": ["mean", "cls"]}, ("Transformer", "Pooling")),
    ({"pooling_mode": "weightedmean"}, ("Transformer", "Pooling")),
    ({"pooling_mode": "mean"}, ("Transformer", "Pooling", "Dense")),
    (None, ("Transformer", "Pooling")),
])  # fmt: skip
def test_another_way_is_refused(pooling: Any, kinds: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        sentences_of(folder(tmp_path, pooling, kinds))
    assert caught.value.code == "model.sentence_modules" and kinds[-1] in caught.value.message


@pytest.mark.parametrize(("name", "pooling", "query", "passage"), [
    ("BAAI/bge-small-zh-v1.5", "cls", "为这个句子生成表示以用于检索相关文章：{text}", "{text}"),
    ("BAAI/bge-base-en-v1.5", "cls", "Represent this sentence for searching relevant passages: {text}", "{text}"),
    ("BAAI/bge-m3", "cls", "{text}", "{text}"),
    ("intfloat/multilingual-e5-small", "mean", "query: {text}", "passage: {text}"),
    ("maidalun1020/bce-embedding-base_v1", "cls", "{text}", "{text}"),
    ("bert-base-uncased", "mean", "{text}", "{text}"),
    ("some-dataset5-model", "mean", "{text}", "{text}"),
])  # fmt: skip
def test_families(name: str, pooling: str, query: str, passage: str, tmp_path: Path) -> None:
    assert sentences_of(tmp_path, name) == Sentences(pooling, True, query, passage)
    mirrored = tmp_path / ("models--" + name.replace("/", "--")) / "snapshots" / "abc"
    assert sentences_of(mirrored) == Sentences(pooling, True, query, passage)
    plain = folder(tmp_path / "copy", {"pooling_mode": "mean"}, ("Transformer", "Pooling"))
    assert sentences_of(plain, name) == Sentences("mean", False, query, passage), "files tell of pooling"


def test_the_built_in_model() -> None:
    from tunebook.models.source import find_model

    assert sentences_of(find_model("builtin:minilm")) == Sentences()


def test_whether_a_base_model_was_made_for_means(tmp_path: Path) -> None:
    assert not made_for_means(tmp_path), "of which the files say nothing"
    for pooling, made in (("mean", True), ("cls", False)):
        Sentences(pooling).write(tmp_path, 8)
        assert made_for_means(tmp_path) == made
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "x.Dense", "path": "1_Dense"}]))
    assert not made_for_means(tmp_path)
