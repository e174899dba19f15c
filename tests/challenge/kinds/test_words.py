"""What the perturbations of words and sentences do to texts that one can read."""

from __future__ import annotations

import re

import pytest

from tunebook.challenge.kinds import (
    blame,
    full_width,
    homophones,
    long,
    lookalikes,
    mixed,
    names,
    negation,
    numbers,
    praise,
    short,
)
from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.challenge.texts import apply, joint
from tunebook.core.errors import MachineError


def said(how: Perturbation, text: str, language: str = "en", seed: str = "0") -> str:
    return apply(text, how.edits(text, language, Draw(seed)))


def test_homophones_sound_alike_and_negation_stays() -> None:
    from pypinyin import lazy_pinyin

    text = "房间不干净，没有人打扫，早餐无味"
    for seed in range(20):
        found = said(homophones.Homophones(share=0.5), text, "zh", str(seed))
        assert found != text
        assert lazy_pinyin(found, errors="ignore")[:2] == lazy_pinyin(text, errors="ignore")[:2]
        assert [found[place] for place in (2, 6, 14)] == ["不", "没", "无"]
        for old, new in zip(text, found, strict=True):
            alike = {reading[0] for letter in (new,) for reading in [lazy_pinyin(letter)]}
            assert old == new or alike & set(lazy_pinyin(text))


def test_without_pypinyin_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    homophones._pinyin.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "pypinyin", None)
    with pytest.raises(MachineError, match="diagnose"):
        said(homophones.Homophones(), "房间", "zh")
    homophones._pinyin.cache_clear()


def test_lookalikes_stand_in_the_table_both_ways() -> None:
    for letter, others in lookalikes.ALIKE.items():
        assert letter not in others
        assert all(letter in lookalikes.ALIKE.get(other, letter) for other in others)
    assert not set("买卖不没无") & set("".join(lookalikes.ALIKE.values())) - set("买")
    found = said(lookalikes.Lookalikes(share=1), "Peace https://x.y")
    assert found != "Peace https://x.y"
    assert found.endswith("https://x.y")
    assert len(found) == len("Peace https://x.y")


def test_width() -> None:
    assert said(full_width.FullWidth(), "A1, ok") == "Ａ１， ｏｋ"
    assert said(full_width.FullWidth(), "好，吗？", "zh") == "好,吗?"


def test_numbers_keep_their_digits_and_stay_the_same_in_both_texts() -> None:
    text = "45 of 45 in 2019, 1 or 0, v2, 3.50, 12:30, A4 and 007"
    found = said(numbers.Numbers(), text)
    first, second = re.match(r"(\d\d) of (\d\d) in \d{4}, 1 or 0, v2, 3.50, 12:30, A4 and 007$", found).groups()
    assert first == second != "45"
    assert said(numbers.Numbers(), "住了3晚，1200元", "zh") != "住了3晚，1200元"
    for seed in range(40):
        assert said(numbers.Numbers(), "9 nights", seed=str(seed))[0] in "2345678"


def test_names_are_swapped_for_names() -> None:
    found = said(names.Names(), "Anna met Anna in Oslo")
    first, _, second, _, town = found.split()
    assert first == second != "Anna"
    assert first in names._PEOPLE
    assert town in names._TOWNS
    found = said(names.Names(), "张伟说北京很大", "zh")
    assert found.endswith("很大")
    assert "张伟" not in found
    assert "北京" not in found
    assert said(names.Names(), "the hotel", "en") == "the hotel"


def test_small_words_go_and_negation_stays() -> None:
    assert said(short.Short(), "The room was not clean and it is very loud.") == "room not clean very loud."
    assert said(short.Short(), "It was.") == "It was."
    assert said(short.Short(), "我们的房间真的很干净了，但是不了解目的地", "zh") == "房间真很干净，但是不了解目的地"
    assert said(short.Short(), "我的", "zh") == "我的"


def test_idle_sentences() -> None:
    for where, ends in (("before", "good"), ("behind", None)):
        found = said(long.Long(sentences=4, where=where), "good")  # type: ignore[arg-type]
        assert found.count(".") == 4 + (where == "behind")
        assert found.endswith("good") == (ends == "good")
    around = said(long.Long(sentences=15), "好", "zh")
    assert around.count("。") == 16
    assert "。好。" in around


def test_other_language() -> None:
    assert said(mixed.Mixed(most=5), "The hotel room, today") == "The 酒店 房间, 今天"
    assert said(mixed.Mixed(most=5), "酒店很好", "zh") == "hotel很好"
    assert said(mixed.Mixed(most=1), "hotel hotel").count("酒店") == 1
    assert said(mixed.Mixed(), "nothing") == "nothing"


@pytest.mark.parametrize(
    ("text", "language", "turned"),
    [
        ("The room was clean.", "en", "The room was not clean."),
        ("I love this film!", "en", "I do not love this film!"),
        ("房间很干净。", "zh", "房间不干净。"),
        ("我喜欢这里", "zh", "我不喜欢这里"),
        ("The room was not clean.", "en", ""),
        ("It is never dull.", "en", ""),
        ("The room was clean, the food was cold.", "en", ""),
        ("The room was clean and cheap.", "en", ""),
        ("房间很干净，早餐很差", "zh", ""),
        ("房间不干净", "zh", ""),
        ("A fine stay.", "en", ""),
        ("It was... good", "en", ""),
    ],
)
def test_the_opposite(text: str, language: str, turned: str) -> None:
    assert said(negation.Negation(), text, language) == (turned or text)


def test_a_sentence_behind_stands_for_itself() -> None:
    assert joint("good", "en") == ". "
    assert joint("good!", "en") == " "
    assert joint("好", "zh") == "。"
    assert joint("", "zh") == ""
    assert said(praise.Praise(), "Good.").startswith("Good. ")
    assert said(blame.Blame(), "好", "zh").startswith("好。")
