from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data.clean import RULES, chosen_rules, clean_column, clean_text

SINGLE = "a中 \u3000\n\u200b\u200d\x92\x07！가가\u2126@\u00ad\x85\ufeff\0"
LONGER = ["<br>", "&amp;", "ＡＢ１", "e\u0301", "a@b.cn", "http://x.cn", "13812345678", "👩\u200d💻", "<3"]
PIECES = st.sampled_from([*SINGLE, *LONGER])
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | PIECES, max_size=8).map("".join)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  two\u3000 words\r\n here ", "two words here"),
        ("don\x92t \x07stop\x00", "don’t stop"),
        ("zero\u200bwidth\ufeff and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("👩\u200d💻 works", "👩\u200d💻 works"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db 中\u200c文\u200d", "ab 中文"),
        ("ＡＢＣ１２３，太好了！（真的）９９％", "ABC123，太好了！（真的）99%"),
        ("Ｈｅｌｌｏ！", "Hello!"),
        ("cafe\u0301 \u2126", "café \u03a9"),
        ("<b>a</b> &lt; b", "a < b"),
        ("", ""),
    ],
)
def test_the_default_rules(text, clean):
    assert clean_text(text) == clean
    assert clean_text(clean) == clean


@pytest.mark.parametrize(
    ("rule", "text", "clean"),
    [
        ("url", "see https://a.b/c?d=1，或 www.x.cn 。", "see [URL]，或 [URL] 。"),
        ("email", "to a.b+c@mail.example.com, now @user", "to [EMAIL], now @user"),
        (
            "phone",
            "打13812345678或010-12345678，+1 415-555-0100，订单 20250101123456",
            "打[PHONE]或[PHONE]，[PHONE]，订单 20250101123456",
        ),
    ],
)
def test_masks_are_off_unless_asked_for(rule, text, clean):
    assert clean_text(text) == text
    assert clean_text(text, chosen_rules({rule: True})) == clean


def test_what_a_workbook_escapes_is_undone():
    assert clean_text("one_x000D_\ntwo_x0009_three") == "one two three"
    assert clean_text("_x0041_ and x000D") == "_x0041_ and x000D"


def test_choice_of_rules():
    assert chosen_rules() == ["html", "escape", "control", "invisible", "width", "compose", "space"]
    assert chosen_rules({"html": False, "url": True}) == [
        "escape",
        "control",
        "invisible",
        "width",
        "compose",
        "url",
        "space",
    ]
    with pytest.raises(DataError) as caught:
        chosen_rules({"emoji": True})
    assert caught.value.code == "data.rule"
    assert "html" in caught.value.allowed


def column_of(texts: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.large_string())])


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_a_column_is_cleaned_as_its_texts_are(texts):
    rules = [rule.name for rule in RULES]
    cleaned = clean_column(column_of(texts), rules)
    assert cleaned.column.to_pylist() == [clean_text(text, rules) for text in texts]
    changed = {place for places in cleaned.changed.values() for place in places.tolist()}
    assert {i for i, text in enumerate(texts) if clean_text(text, rules) != text} <= changed


@settings(deadline=None)
@given(TEXTS)
def test_what_a_test_does_not_flag_its_rule_leaves_alone(text):
    for rule in RULES:
        if not pc.match_substring_regex(pa.array([text]), rule.test)[0].as_py():
            assert rule.apply(text) == text


def test_every_character_that_nfc_changes_is_flagged():
    compose = next(rule for rule in RULES if rule.name == "compose")
    chars = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    flags = pc.match_substring_regex(pa.array(chars, pa.large_string()), compose.test).to_pylist()
    seconds = {
        unicodedata.decomposition(char).split()[-1]
        for char in chars
        if " " in unicodedata.decomposition(char) and "<" not in unicodedata.decomposition(char)
    }
    seconds |= {f"{code:04X}" for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for char, flag in zip(chars, flags, strict=True):
        if not flag:
            assert unicodedata.normalize("NFC", char) == char
            assert unicodedata.combining(char) == 0
            assert f"{ord(char):04X}" not in seconds


def test_changes_are_counted_with_examples():
    texts = ["plain", " a ", None, "<i>b</i>", *(f"x  {i}" for i in range(5))]
    cleaned = clean_column(column_of(texts), chosen_rules())
    assert cleaned.column.to_pylist() == ["plain", "a", None, "b", *(f"x {i}" for i in range(5))]
    assert {rule: places.tolist() for rule, places in cleaned.changed.items()} == {
        "html": [3],
        "space": [1, 4, 5, 6, 7, 8],
    }
    assert cleaned.examples["html"] == [("<i>b</i>", "b")]
    assert len(cleaned.examples["space"]) == 3


def test_nothing_to_do():
    column = column_of(["a", "b"])
    assert clean_column(column, []).column.to_pylist() == ["a", "b"]
    assert clean_column(column, chosen_rules()).changed == {}
    assert clean_column(column_of(["&nothing;"]), ["html"]).changed == {}
