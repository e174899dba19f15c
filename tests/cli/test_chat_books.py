"""A book of conversations from its file to what is told of it, and a training that would have nothing to learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import chats
from tests.data.test_chat_rows import jsonl, openai, rows_of

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that writes, with the tokens of a chat template."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("decoder")
    tokenizer = chats.byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>"), pad_token="<|endoftext|>")
    tokenizer.save_pretrained(str(folder))
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jsonl(tmp_path_factory.mktemp("file") / "rows.jsonl", rows_of(openai))


def test_what_is_told_of_a_book(decoder: Path, file: Path, tunebook: Call, tmp_path: Path) -> None:
    book = tmp_path / "book"
    made = tunebook("init", book, "--data", file, "--task", "instruction", "--model", decoder, "--split", "8:2:2")
    assert made.code == 0
    assert "Texts        asked in 2 words (95 %: up to 2), answered in 1 (up to 1), 2.0 turns" in made.out
    assert "Columns" not in made.out and "Techniques" not in made.out
    page = (book / "data" / "report.html").read_text(encoding="utf-8")
    assert "!&lt;|im_end|&gt;</mark>" in page and "Tokens that are learnt" in page
    checked = tunebook("check", book)
    assert checked.code == 0 and "!<|im_end|>⟧" in checked.out and "Learnt" in checked.out
    found = tunebook("check", book, "--json").json
    assert found["rows_without"] == 0 and 0 < found["learnt_tokens"] < found["tokens"]
    assert [part["learnt"] for part in found["sample"]] == [False, True, False]


def test_nothing_to_learn_is_refused(decoder: Path, file: Path, tunebook: Call, tmp_path: Path) -> None:
    book = tmp_path / "book"
    tunebook("init", book, "--data", file, "--task", "instruction", "--model", decoder, "--split", "8:2:2")
    short = ("--set", "max_length=8", "--json")
    found = tunebook("check", book, *short)
    assert found.code == 1
    assert [problem["code"] for problem in found.json["problems"]] == ["learnt.nothing"]
    assert "100.0%" in json.dumps(found.json["problems"])
    assert found.json["left_out_share"] == found.json["estimate"]["left_out_share"] == 1
    trained = tunebook("train", book, *short)
    assert trained.code == 2 and "learnt.idle" in trained.err + trained.out
    assert "instruction.cut = mark" in json.dumps(found.json["problems"]) and "cut = mark" in trained.err + trained.out
    told = tunebook("train", book, *short, "--set", "instruction.cut=mark")
    assert told.code == 2 and "100.0%" in told.err + told.out and "cut = mark" not in told.err + told.out
