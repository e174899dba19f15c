"""What holds of every perturbation, and what each does to texts that one can read."""

from __future__ import annotations

import random

import pytest

from tunebook.challenge.kinds import casing, emoji, punctuation, spacing, suffix, typos
from tunebook.challenge.perturbation import Draw, perturbations, said_sentences
from tunebook.challenge.texts import apply
from tunebook.core.messages import LANGUAGES, catalogue
from tunebook.core.params import declarations

ENGLISH = (
    "Anna's room in Oslo was clean, quiet and not expensive: 3 nights for 240 euros. I like it!",
    "The hotel is awful.",
    "The food was good; we paid 12.50 and the staff was very friendly, really.",
    "I do not recommend this place to anybody.",
    "a",
    "",
    "   ",
    "?!",
    "😀😀",
    "https://example.com/good",
)
CHINESE = (
    "张伟住的北京房间很干净，也不贵：三晚只要240元。我喜欢这里！",
    "这家酒店太差了。",
    "早餐很好吃，服务员也很热情。",
    "不推荐",
    "好",
    "，。",
)
TEXTS = [(text, "en") for text in ENGLISH] + [(text, "zh") for text in CHINESE] + [("das Zimmer war gut.", "other")]


@pytest.mark.parametrize("key", perturbations())
def test_edits_are_in_order_and_the_same_for_the_same_draw(key: str) -> None:
    how = perturbations()[key]()
    changed = 0
    for text, language in TEXTS:
        if how.languages and language not in how.languages:
            continue
        edits = list(how.edits(text, language, Draw("0/x/1")))
        assert edits == list(how.edits(text, language, Draw("0/x/1")))
        at = 0
        for start, end, new in edits:
            assert at <= start <= end <= len(text)
            assert isinstance(new, str)
            assert not how.inside or len(new) == end - start
            at = end
        changed += apply(text, edits) != text
    assert changed >= 2, "it changes texts"


@pytest.mark.parametrize("key", perturbations())
def test_a_perturbation_is_declared_in_both_languages(key: str) -> None:
    kind = perturbations()[key]
    assert kind.__module__.rpartition(".")[2] == kind.key
    assert kind.zh
    assert (kind.__doc__ or "").count("\n\n") == kind.zh.count("\n\n")
    for code in (f"challenge.kind.{key}", f"challenge.group.{kind.capability}"):
        assert set(catalogue()[code]) == set(LANGUAGES)
    for row in declarations(kind):
        assert row.row.text
        assert row.row.zh


def test_a_slip_keeps_both_ends_and_is_one() -> None:
    draw = random.Random(1)
    for word in ("Oslo", "friendly", "aaaa", "o'clock") * 60:
        found = typos.slip(word, draw)
        assert found != word
        assert (found[0], found[-1]) == (word[0], word[-1])
        assert abs(len(found) - len(word)) <= 1


def test_so_many_words_have_a_slip() -> None:
    text = " ".join(["wonderful"] * 20)
    assert len(typos.Typos(share=0.25).edits(text, "en", Draw("a"))) == 5
    assert len(typos.Typos(share=0.01).edits(text, "en", Draw("a"))) == 1


def said(how: object, text: str, language: str = "en", seed: str = "0") -> str:
    return apply(text, how.edits(text, language, Draw(seed)))  # type: ignore[attr-defined]


def test_letters() -> None:
    text = "Don't go to OSLO, straße"
    assert said(casing.Casing(style="upper"), text) == "DON'T GO TO OSLO, STRAßE"
    assert said(casing.Casing(style="lower"), text) == "don't go to oslo, straße"
    assert said(casing.Casing(style="title"), text) == "Don't Go To Oslo, Straße"
    assert {said(casing.Casing(), "One two", seed=str(seed)) for seed in range(20)} == {"ONE TWO", "one two", "One Two"}


def test_marks() -> None:
    drop, dots = punctuation.Punctuation(how="drop"), punctuation.Punctuation(how="dots")
    assert said(drop, "Good,cheap. It cost 3.50, really!") == "Good cheap It cost 3.50 really!"
    assert said(drop, "很好，便宜。", "zh") == "很好便宜"
    assert said(dots, "Good.") == "Good ..."
    assert said(dots, "很好。", "zh") == "很好……"
    assert said(drop, "no marks") == "no marks ...", "what has none gets some"


def test_spaces_pictures_and_tails() -> None:
    assert said(spacing.Spacing(share=1), "a very good stay") == "averygoodstay"
    assert said(spacing.Spacing(share=1), "很干净", "zh") == "很 干 净"
    assert said(spacing.Spacing(), "one") == "one"
    found = said(emoji.Emoji(count=3), "good")
    assert found.startswith("good ")
    assert len(found) == len("good ") + 3
    assert said(suffix.Suffix(), "good").startswith("good. ")
    assert said(suffix.Suffix(), "好", "zh") != said(suffix.Suffix(), "好", "en")


def test_sentences_come_again_only_when_all_were_said() -> None:
    found = said_sentences(("a", "b", "c"), Draw("0"), 7)
    assert len(found) == 7
    assert set(found[:3]) == set(found[3:6]) == {"a", "b", "c"}
