"""Widths of texts on a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.messages import columns_of, cut, head


def test_a_chinese_character_takes_two() -> None:
    assert columns_of("ab好评") == 6 and columns_of("，") == 2 and columns_of("") == 0


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 5, "short"),
        ("a longer one", 6, "a lon…"),
        ("a b c", 3, "a…"),
        ("中文字", 5, "中文…"),
        ("中文字", 4, "中…"),
    ],
)
def test_a_long_text_is_cut(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_a_head_has_one_character_at_least() -> None:
    assert head("好评", 1) == "好" and head("好评", 3) == "好" and head("ab", 9) == "ab" and head("", 1) == ""


@given(st.text(), st.integers(4, 40))
def test_what_is_cut_has_room(text: str, width: int) -> None:
    assert columns_of(cut(text, width)) <= width
