"""Texts that are nearly the same, and the words of a text."""

from __future__ import annotations

import pytest

from tunebook.diagnosis.repeats import nearest
from tunebook.diagnosis.words import without, words_of


def test_case_spacing_and_marks_make_no_other_text() -> None:
    likeness, place = nearest(["The room was fine !", "Where is it?"], ["nothing here", "the  room was FINE."])
    assert likeness[0] == pytest.approx(1.0)
    assert place[0] == 1
    assert likeness[1] < 0.5


def test_a_text_is_not_its_own_neighbour() -> None:
    likeness, place = nearest(["one fine room", "two dirty rooms", "one fine room"])
    assert likeness[0] == pytest.approx(1.0)
    assert place.tolist()[::2] == [2, 0]
    assert likeness[1] < 0.8
    assert nearest(["alone"])[0][0] < 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a Test-case, no_1", ["it's", "a", "test-case", "no_1"]),
        ("房间干净", ["房间", "间干", "干净"]),
        ("好", ["好"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_words_are_taken_out_as_whole_words() -> None:
    assert without("The Code7 of code77 stays", ["code7"]) == "The of code77 stays"
    assert without("[World] news", ["world"]) == "[ ] news"
    assert without("房间干净", ["干净"]) == "房间"
    assert without("only", ["only"]) == "."
