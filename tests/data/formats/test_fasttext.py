from __future__ import annotations

import pytest

from tunebook.data.read import read


@pytest.mark.parametrize(
    ("lines", "texts", "labels"),
    [
        (["__label__a one, two", "__label__b three"], ["one, two", "three"], ["a", "b"]),
        (["one __label__a", "two three __label__b"], ["one", "two three"], ["a", "b"]),
        (["__label__a\tone", "__label__b\ttwo"], ["one", "two"], ["a", "b"]),
        (["__label__a , one .", "__label__b , two ."], ["one .", "two ."], ["a", "b"]),
        (["__label__a __label__b one", "__label__b two"], ["one", "two"], [["a", "b"], ["b"]]),
        (["one __label__a __label__b", "two __label__b"], ["one", "two"], [["a", "b"], ["b"]]),
        (["__label__a-1 one", "__label__中 二"], ["one", "二"], ["a-1", "中"]),
        (['"__label__a one', 'and ""two"" "', "__label__b three"], ['one\nand "two"', "three"], ["a", "b"]),
        (['__label__a "one"', "__label__b two"], ['"one"', "two"], ["a", "b"]),
    ],
)
def test_labels_and_texts(write, lines, texts, labels):
    source = read(write("x.txt", "\n".join(lines) + "\n"))
    assert source.notes["format"] == "fasttext"
    assert source.table["text"].to_pylist() == texts
    assert source.table["label"].to_pylist() == labels


def test_lines_without_a_label_are_not_labelled_yet(write):
    source = read(write("x.txt", " one \n__label__a two\n\n__label__b three\n"))
    assert source.faults == {"unlabelled": {1: ""}}
    assert source.rows.tolist() == [2, 4]


def test_a_mark_of_quotation_that_never_closes_is_a_character(write):
    source = read(write("x.txt", '__label__a one\n"two __label__b\n__label__b three\n'))
    assert source.table["text"].to_pylist() == ["one", '"two', "three"]


@pytest.mark.parametrize(
    "text",
    [
        "text,label\none,__label__a\n",
        "label,text\n__label__a,one two\n",
        '__label__a,"one, two"\n__label__b,three\n',
        "words about __label__a and more\n",
        "a\tb\n",
    ],
)
def test_other_files_are_left_alone(write, text):
    assert read(write("x.txt", text)).notes["format"] == "txt"
