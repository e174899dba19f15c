from __future__ import annotations

import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data.clean import RULES, chosen_rules, clean_column, clean_text, clean_with_places

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


ALL = [rule.name for rule in RULES]
CUT = st.floats(0, 1)
OPEN, SHUT = "\ue000", "\ue001"  # no rule knows them


@settings(max_examples=400, deadline=None)
@given(TEXTS, CUT, CUT, st.sets(st.sampled_from(ALL)))
def test_places_move_as_marks_in_the_text_do(text, one, other, chosen):
    """Marks put into the text end up where the places say, unless they part what is cleaned as one."""
    rules = [name for name in ALL if name in chosen]
    start, end = sorted(round(cut * len(text)) for cut in (one, other))
    clean, places = clean_with_places(text, rules)
    assert clean == clean_text(text, rules)
    assert len(places.low) == len(places.high) == len(text) + 1
    assert (places.low <= places.high).all()
    assert (np.diff(places.low) >= 0).all()
    assert (np.diff(places.high) >= 0).all()
    assert (places.low[0], places.high[-1]) == (0, len(clean))
    marked = clean_text(text[:start] + OPEN + text[start:end] + SHUT + text[end:], rules)
    before, _, rest = marked.partition(OPEN)
    inside, shut, after = rest.partition(SHUT)
    if shut and before + inside + after == clean:
        low, high = places.cleaned(start, end)
        assert clean[low:high].strip() == inside.strip()


@settings(max_examples=300, deadline=None)
@given(TEXTS, CUT, CUT, st.sets(st.sampled_from(ALL)))
def test_places_of_the_clean_text_are_found_in_the_given_one(text, one, other, chosen):
    """What a part of the clean text was made of becomes that part again, or more of what is cleaned as one."""
    rules = [name for name in ALL if name in chosen]
    clean, places = clean_with_places(text, rules)
    low, high = sorted(round(cut * len(clean)) for cut in (one, other))
    if low == high:
        return
    start, end = places.given(low, high)
    assert 0 <= start < end <= len(text)
    again = places.cleaned(start, end)
    assert again[0] <= low
    assert again[1] >= high
    assert places.given(*again) == (start, end)


@pytest.mark.parametrize(
    ("text", "part", "clean"),
    [
        ("my <b>New York</b>&nbsp;&amp; flat", "New York", "New York"),
        ("to  \r\n Ｎｅｗ\u3000Ｙｏｒｋ ！", "Ｎｅｗ\u3000Ｙｏｒｋ", "New York"),
        ("le cafe\u0301 noir", "cafe\u0301", "café"),
        ("le cafe\u0301 noir", "cafe", "café"),  # parts of a letter stay with it
        ("\ufeffa 😀\u200b👩\u200d💻 b", "👩\u200d💻", "👩\u200d💻"),
        ("AT&amp;T sells", "AT&amp;T", "AT&T"),
        ("a\u200b\u200bb", "\u200b\u200b", ""),
    ],
)
def test_a_part_of_a_text_stays_the_same_part(text, part, clean):
    start = text.index(part)
    whole, places = clean_with_places(text, chosen_rules())
    low, high = places.cleaned(start, start + len(part))
    assert whole[low:high] == clean
    if clean:
        assert text[slice(*places.given(low, high))].startswith(part[0])
