"""Where tokens stand: alone, in pairs, cut, in windows and behind a prompt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests import small
from tunebook.core.errors import ModelError
from tunebook.explain.places import pieces_of


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return small.tokenizer()


def said(pieces: Any, texts: dict[str, str]) -> list[str]:
    return [texts[piece.part][piece.start : piece.end] if piece.part else "-" for piece in pieces]


def test_a_text_and_a_pair_as_they_stand_and_cut(tokenizer: Any) -> None:
    texts = {"text": "The room was great", "pair": "we found it slow"}
    whole = tokenizer(texts["text"], texts["pair"])["input_ids"]
    words = ["-", "The", "room", "was", "great", "-", "we", "found", "it", "slow", "-"]
    assert said(pieces_of(whole, texts, tokenizer), texts) == words
    cut = tokenizer(texts["text"], texts["pair"], truncation=True, max_length=8)["input_ids"]
    found = pieces_of(cut, texts, tokenizer)
    assert len(found) == len(cut) and said(found, texts)[0] == "-"
    assert {piece.part for piece in found} == {"", "text", "pair"}


def test_a_window_of_a_text_behind_another_one(tokenizer: Any) -> None:
    texts = {"text": "the hotel", "pair": "we found it slow and the hotel was dirty"}
    own = tokenizer(texts["pair"], add_special_tokens=False)["input_ids"]
    question = tokenizer(texts["text"], add_special_tokens=False)["input_ids"]
    line = [2, *question, 3, *own[4:8], 3]
    found = pieces_of(line, texts, tokenizer)
    assert said(found, texts) == ["-", "the", "hotel", "-", "and", "the", "hotel", "was", "-"]
    assert found[4].start == texts["pair"].index("and")
    assert said(pieces_of(line[:1], texts, tokenizer), texts) == ["-"]


def test_a_tokenizer_without_places_is_refused() -> None:
    with pytest.raises(ModelError) as refused:
        pieces_of([1], {"text": "a"}, SimpleNamespace(is_fast=False))
    assert refused.value.code == "explain.tokenizer"


def test_three_texts_are_found_one_by_one(tokenizer: Any) -> None:
    texts = {"text": "the room", "pair": "", "passage:0": "was dirty"}
    line = [2, *tokenizer("the room was dirty", add_special_tokens=False)["input_ids"], 3]
    assert said(pieces_of(line, texts, tokenizer), texts) == ["-", "the", "room", "was", "dirty", "-"]
