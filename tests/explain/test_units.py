"""Units of texts: where they stand, and which tokens they have."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.explain.units import BY, Piece, characters, sentences, units_of, words


def said(text: str, places: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in places]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's not  good, is it?", ["It's", "not", "good", ",", "is", "it", "?"]),
        ("房间很干净，早餐不错。", ["房间", "很", "干净", "，", "早餐", "不错", "。"]),
        ("用iPhone拍照", ["用", "iPhone", "拍照"]),
        ("", []),
        ("  \n", []),
    ],
)
def test_words_are_those_of_the_language(text: str, expected: list[str]) -> None:
    assert said(text, words(text)) == expected


def test_characters_and_sentences() -> None:
    assert said("a 房b", characters("a 房b")) == ["a", "房", "b"]
    text = ' One. "Two!" 三。四？\n five'
    assert said(text, sentences(text)) == ["One.", '"Two!"', "三。", "四？", "five"]


def test_a_token_belongs_to_the_units_that_it_overlaps() -> None:
    text = "ab cd"
    pieces = [Piece("", 0, 0), Piece("text", 0, 1), Piece("text", 1, 2), Piece("text", 1, 5), Piece("", 0, 0)]
    found = units_of(pieces, {"text": text}, "word")
    assert [text[unit.start : unit.end] for unit in found.pieces] == ["ab", "cd"]
    # The third token covers one letter of the first word and two of the second.
    assert found.shares == pytest.approx(np.array([[0, 1, 1, 1 / 3, 0], [0, 0, 0, 2 / 3, 0]]))
    assert found.sums(np.array([5.0, 1, 2, 3, 9])) == pytest.approx([4.0, 2.0])
    gone = found.without(np.array([[True, False], [False, True], [False, False]]))
    assert gone.tolist() == [[True, False, False, False, True], [True, True, True, False, True], [True] * 5]


def test_units_that_were_cut_off_are_none_and_parts_stay_apart() -> None:
    pieces = [Piece("text", 0, 2), Piece("pair", 0, 1)]
    for by in BY:
        found = units_of(pieces, {"text": "ab cd", "pair": "a b"}, by)
        assert {unit.part for unit in found.pieces} == {"text", "pair"}
        assert (found.shares.sum(axis=0) == 1).all()
    read = units_of(pieces, {"text": "ab cd", "pair": "a b"}, "word")
    assert [(unit.part, unit.start) for unit in read.pieces] == [("text", 0), ("pair", 0)] and len(read) == 2


def test_tokens_that_share_a_place_are_one_unit() -> None:
    pieces = [Piece("text", 0, 1), Piece("text", 0, 1), Piece("text", 1, 2)]  # the bytes of one character
    found = units_of(pieces, {"text": "房b"}, "token")
    assert len(found) == 2 and found.shares.tolist() == [[1, 1, 0], [0, 0, 1]]
