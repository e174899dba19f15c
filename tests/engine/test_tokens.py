"""Tokens are kept by all that they depend on, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.task import Rows
from tunebook.engine import tokens as module
from tunebook.engine.tokens import encode
from tunebook.tasks.text_classification import TextClassification

TASK = TextClassification()
ROWS = Rows(["the room", "very lovely stay", "a"], None, np.array([0, 1, 0]), ["0", "1", "2"])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def same(one: Any, other: Any) -> bool:
    return bool((one.offsets == other.offsets).all()) and all((one.flat[n] == other.flat[n]).all() for n in one.flat)


def test_tokens_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encode(ROWS, TASK, small.tokenizer(), 8, cache=tmp_path / "cache")
    assert same(first, encode(ROWS, TASK, small.tokenizer(), 8))
    monkeypatch.setattr(module, "_encode", lambda *args: 1 / 0)
    other = replace(ROWS, targets=np.array([1, 1, 1]), weights=np.ones(3))
    found = encode(other, TASK, small.tokenizer(), 8, cache=tmp_path / "cache")
    assert same(first, found)
    assert found.fixed["labels"].tolist() == [1, 1, 1], "labels are never taken from the cache"
    assert found.fixed["sample_weight"].tolist() == [1, 1, 1]


def test_where_no_cache_can_be_written_tokens_are_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    assert same(
        encode(ROWS, TASK, small.tokenizer(), 8, cache=tmp_path / "cache"), encode(ROWS, TASK, small.tokenizer(), 8)
    )


def test_a_tokenizer_that_was_used_before_finds_the_same_tokens(tmp_path: Path) -> None:
    tokenizer = small.tokenizer()
    encode(ROWS, TASK, tokenizer, 8, cache=tmp_path)
    tokenizer(["a stay"], truncation=True, max_length=5, padding="max_length")
    encode(ROWS, TASK, tokenizer, 8, cache=tmp_path)
    tokenizer.backend_tokenizer.enable_padding(pad_token='"added_tokens":[')
    encode(ROWS, TASK, tokenizer, 8, cache=tmp_path)
    assert len(files(tmp_path)) == 1


def test_whatever_changes_the_tokens_changes_the_key(tmp_path: Path) -> None:
    lower, left = small.tokenizer(), small.tokenizer()
    lower.backend_tokenizer.normalizer = None
    left.truncation_side = "left"
    fewer = small.tokenizer()
    fewer.add_tokens(["new"])
    cases: list[tuple[Rows, Any, int]] = [
        (ROWS, small.tokenizer(), 8),
        (replace(ROWS, texts=["the room", "very lovely", "a"]), small.tokenizer(), 8),
        (replace(ROWS, texts=["the room", "a", "very lovely stay"]), small.tokenizer(), 8),
        (replace(ROWS, pairs=["x", "y", "z"]), small.tokenizer(), 8),
        (replace(ROWS, words=[np.array([[0, 3]])] * 3), small.tokenizer(), 8),
        (replace(ROWS, words=[np.array([[0, 3]])] * 2 + [np.array([[0, 1]])]), small.tokenizer(), 8),
        (ROWS, small.tokenizer(), 7),
        (ROWS, lower, 8),
        (ROWS, left, 8),
        (ROWS, fewer, 8),
    ]
    for count, (rows, tokenizer, length) in enumerate(cases, start=1):
        encode(rows, TASK, tokenizer, length, cache=tmp_path)
        assert len(files(tmp_path)) == count


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", None])
def test_a_damaged_cache_is_made_anew(damage: bytes | None, tmp_path: Path) -> None:
    first = encode(ROWS, TASK, small.tokenizer(), 8, cache=tmp_path)
    (name,) = files(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert same(first, encode(ROWS, TASK, small.tokenizer(), 8, cache=tmp_path))
    assert (tmp_path / name).read_bytes() == whole


def test_chunks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encode(replace(ROWS, pairs=["a", "b", "stay"], weights=np.ones(3)), TASK, small.tokenizer(), 8)
    monkeypatch.setattr(module, "_CHUNK", 2)
    parts = encode(replace(ROWS, pairs=["a", "b", "stay"], weights=np.ones(3)), TASK, small.tokenizer(), 8)
    assert same(whole, parts)
    assert parts.fixed["labels"].tolist() == [0, 1, 0]


def test_a_tokenizer_without_a_backend_has_a_key() -> None:
    class Slow:
        truncation_side = "right"
        model_input_names = ("input_ids",)

        def get_vocab(self) -> dict[str, int]:
            return {"a": 0}

        def __repr__(self) -> str:
            return "Slow"

    assert module._rules(Slow())[2] == "Slow"
