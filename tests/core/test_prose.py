"""Paragraphs of texts that are broken into lines, and which language each is shown in."""

import pytest

from tunebook.core.prose import page, paragraphs


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ("one\n    two", "one two"),
        ("学习\n    训练", "学习训练"),
        ("学习\n    BERT", "学习 BERT"),
        ("BERT\n    模型", "BERT 模型"),
        ("学习，\n    BERT", "学习，BERT"),
        ("BERT\n    （模型", "BERT（模型"),
        ("模型，\n    训练", "模型，训练"),
        ("模型“\n    A", "模型“A"),
        ("第一句。\n\n    One line\n    and more.\n\n\n    ", "第一句。|One line and more."),
        ("", ""),
    ],
)
def test_lines_are_joined_as_each_script_wants_it(lines: str, whole: str) -> None:
    assert "|".join(paragraphs(lines)) == whole


def test_what_has_no_chinese_is_shown_in_english() -> None:
    assert page("One.\n\nTwo.", "一。\n\n二。", "zh") == ["一。", "二。"]
    assert page("One.\n\nTwo.", "一。", "zh") == ["一。", "Two."]
    assert page("One.\n\nTwo.", "", "zh") == page("One.\n\nTwo.", "一。\n\n二。", "en") == ["One.", "Two."]
