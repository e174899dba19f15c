from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

HEAD = (
    "% comment\n@RELATION 'my messages'\n@attribute 'the text' STRING\n@attribute label {late, 'all broken'}\n@data\n"
)


@pytest.mark.parametrize("name", ["x.arff", "x.csv", "x.txt"])
def test_rows_with_their_types(write, name):
    rows = "'it\\'s late, again',late\n\"a \\\"b\\\"\",'all broken'\n% note\n'one\\ntwo',late\n"
    source = read(write(name, HEAD + rows))
    assert source.table.to_pydict() == {
        "the text": ["it's late, again", 'a "b"', "one\ntwo"],
        "label": ["late", "all broken", "late"],
    }
    assert source.rows.tolist() == [6, 7, 9]
    assert source.roles == {"text": "the text", "label": "label"}


def test_missing_labels_are_not_labelled_yet_and_other_rows_are_faults(write):
    source = read(write("x.arff", HEAD + "'one',late\n'two',?\n'three'\n'open,late\n'?',late\n"))
    assert source.table["the text"].to_pylist() == ["one", "?"]
    assert source.faults == {"unlabelled": {7: ""}, "ragged": {8: "1", 9: "0"}}


def test_counts_of_words_are_no_texts(write):
    with pytest.raises(DataError, match=r"format\.sparse"):
        read(write("x.arff", "@relation r\n@attribute good numeric\n@attribute label {a,b}\n@data\n{0 1, 1 a}\n"))


def test_several_nominal_attributes(write):
    head = "@relation r\n@attribute text string\n@attribute a {x,y}\n@attribute {b c} {x,y}\n".replace("{b c}", "b")
    assert read(write("x.arff", f"{head}@data\n'one',x,y\n")).roles["label"] == "b"
    middle = head + "@attribute n numeric\n"
    assert "label" not in read(write("x.arff", f"{middle}@data\n'one',x,y,1\n")).roles
