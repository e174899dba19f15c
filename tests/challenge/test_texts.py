"""Texts: their language, their words, and where places lie after edits."""

from __future__ import annotations

import random

import pytest

from tunebook.challenge.texts import apply, behind, exchanged, language_of, moved, outside, words


@pytest.mark.parametrize(
    ("text", "book", "language"),
    [
        ("房间很干净", "en", "zh"),
        ("the room was clean", "zh", "en"),
        ("the 房 room was clean", "mixed", "en"),
        ("das Zimmer war sauber", "other", "other"),
        ("房间 wifi 很快", "zh", "zh"),
        ("42", "en", "en"),
    ],
)
def test_the_language_of_a_text(text: str, book: str, language: str) -> None:
    assert language_of(text, book) == language


def test_words_are_none_of_an_address() -> None:
    text = "it's at https://a.b/good or me@here.org now"
    assert [text[start:end] for start, end in words(text)] == ["it's", "at", "or", "now"]


def test_places_after_edits_hold_the_same_characters() -> None:
    """Against marks: every character that no edit touches is found where `moved` says, as begin and as end."""
    draw = random.Random(5)
    for _ in range(200):
        text = "".join(chr(0x4E00 + number) for number in range(draw.randint(1, 12)))
        cuts = sorted(draw.sample(range(len(text) + 1), draw.randint(0, len(text)) // 2 * 2))
        edits = [(start, end, "x" * draw.randint(0, 3)) for start, end in zip(cuts[::2], cuts[1::2], strict=True)]
        touched = {place for start, end, _ in edits for place in range(start, end)}
        new, (starts, ends) = apply(text, edits), moved(len(text), edits)
        for place, letter in enumerate(text):
            if place not in touched:
                assert new[starts[place]] == letter
                assert new[ends[place + 1] - 1] == letter


def test_what_is_put_in_at_the_end_of_a_part_is_no_part_of_it() -> None:
    edits = [(0, 0, "ab"), (4, 4, "cd")]
    starts, ends = moved(4, edits)
    assert (starts[0], ends[4]) == (2, 6)
    assert apply("wxyz", edits) == "abwxyzcd"


def test_edits_that_touch_a_part_are_left_out() -> None:
    edits = [(0, 1, "a"), (2, 3, "b"), (3, 3, "c"), (4, 4, "d"), (5, 6, "e")]
    assert list(outside(edits, [(2, 5)])) == [(0, 1, "a"), (5, 6, "e")]
    assert list(outside([(2, 2, "a"), (5, 5, "b")], [(2, 5)])) == [(2, 2, "a"), (5, 5, "b")]
    assert list(outside([(1, 2, ""), (5, 6, ""), (6, 7, "")], [(2, 5)])) == [(6, 7, "")]


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [("It was fine", "en", "It was fine. Bye."), ("好。", "zh", "好。再见。"), ("Gut", "other", "Gut. Bye.")],
)
def test_a_sentence_is_put_behind_a_text_in_its_language(text: str, language: str, found: str) -> None:
    said = {"en": ("Bye.",), "zh": ("再见。",)}
    assert apply(text, behind(text, language, said, random.Random(0))) == found


def test_so_many_characters_are_exchanged_and_no_others() -> None:
    others = {1: "X", 3: "YZ", 5: "W"}
    assert exchanged({}, 3, random.Random(0)) == []
    assert len(exchanged(others, 0.2, random.Random(0))) == 1, "one at least"
    found = exchanged(others, 99, random.Random(0))
    assert [(start, end) for start, end, _ in found] == [(1, 2), (3, 4), (5, 6)]
    assert all(new in others[start] for start, _, new in found)
