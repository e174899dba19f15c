from __future__ import annotations

import pytest

from tunebook.data.read import read


def test_labels_and_words(write):
    source = read(write("x.vw", "2 | some words\n1 |w other words:2.5 |x more\n\n | not labelled\n-1 'tag |w last\n"))
    assert source.table.to_pydict() == {
        "text": ["some words", "other words more", "last"],
        "label": ["2", "1", "-1"],
    }
    assert source.rows.tolist() == [1, 2, 5]
    assert source.faults == {"unlabelled": {4: ""}}


def test_the_importance_is_the_weight_of_the_row(write):
    source = read(write("x.txt", "1 1.5 |w one\n-1 |w two\n"))
    assert source.table["importance"].to_pylist() == ["1.5", "1"]
    assert source.roles["weight"] == "importance"


def test_a_line_of_another_kind_is_a_fault(write):
    lines = ["1 | one"] * 300
    assert read(write("x.vw", "\n".join([*lines, "no bar"]))).faults == {"ragged": {301: ""}}


@pytest.mark.parametrize("text", ["| a | b |\n| - | - |\n", "5|good\n4|fine\n", "one | two\nthree | four\n"])
def test_other_bars_are_left_alone(write, text):
    assert read(write("x.txt", text)).notes["format"] == "txt"
