"""Texts of words, and the places of the words in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.data.tagged_words import are_letters, cut_words, join_words, words_in

WORDS = st.lists(
    st.sampled_from(["a", "New", "中", "文", "，", "Ａ", "ア", "한", "1", ".", "😀", "e\u0301"]), max_size=12
)


@given(WORDS, st.booleans())
def test_each_word_stands_at_its_place(words: list[str], dense: bool) -> None:
    text, places = join_words(words, dense)
    assert [text[start:end] for start, end in places] == words
    assert text.replace(" ", "") == "".join(words)
    assert text == text.strip() and "  " not in text
    assert words_in(words, text) == places
    assert not dense or " " not in text


def test_a_blank_stands_between_words_but_not_between_letters_of_chinese() -> None:
    assert join_words(["我", "住", "在", "New", "York", "。"])[0] == "我住在 New York 。"
    assert join_words(["아름다운", "나라"])[0] == "아름다운 나라"
    assert join_words(["カ", "タ", "，", "Ａ"])[0] == "カタ，Ａ"
    assert join_words(["a", "1", "中"], dense=True)[0] == "a1中"
    assert join_words([]) == ("", [])


def test_words_of_one_letter_each_are_letters() -> None:
    assert are_letters([list("在2001年"), list("中文")])
    assert not are_letters([["在", "北京", "住"], ["我们"]])
    assert not are_letters([list("abc")])
    assert not are_letters([])


def test_words_are_found_in_the_text_they_were_cut_from() -> None:
    assert words_in(["New", "York", "."], "New  York.") == [(0, 3), (5, 9), (9, 10)]
    assert words_in(["New", "Rome"], "New York") is None
    assert words_in(["New"], "New York") is None
    assert words_in(["York"], "New York") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The opinion-based U.S. won't cost $3.5, (CDU)!", "The|opinion-based|U.S.|won't|cost|$|3.5|,|(|CDU|)|!"),
        ("中国iPhone6s手机，1966年", "中|国|iPhone6s|手|机|，|1966|年"),
        ("नमस्ते दुनिया", "नमस्ते|दुनिया"),
        ("cafe\u0301 👩\u200d🚀 ok", "cafe\u0301|👩\u200d🚀|ok"),
        (" \t", ""),
    ],
)
def test_texts_without_words_are_cut_as_sets_of_entities_are(text: str, words: str) -> None:
    assert "|".join(text[start:end] for start, end in cut_words(text)) == words


@given(st.text(max_size=40))
def test_nothing_of_a_text_but_blanks_lies_between_its_words(text: str) -> None:
    at = 0
    for start, end in cut_words(text).tolist():
        assert start < end and not text[at:start].strip()
        at = end
    assert not text[at:].strip()
