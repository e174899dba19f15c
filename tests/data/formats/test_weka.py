from __future__ import annotations

import pytest

from tunebook.data.read import read


def test_single_quotes_and_missing_values(write):
    source = read(write("x.csv", "text,label\n'it\\'s late, again',late\n'it\\'s fine',?\nplain,fine\n'open,late\n"))
    assert source.notes["format"] == "csv"  # a quote stays open: no file of Weka's
    source = read(write("x.csv", "text,label\n'it\\'s late, again',late\n'it\\'s fine',?\nplain,fine\n"))
    assert source.notes["format"] == "weka"
    assert source.table.to_pydict() == {
        "text": ["it's late, again", "plain"],
        "label": ["late", "fine"],
    }
    assert source.rows.tolist() == [2, 4]
    assert source.faults == {"unlabelled": {3: ""}}
    assert read(source.path, labelled=False).table.num_rows == 3


@pytest.mark.parametrize(
    "text",
    [
        "text,label\nit's late,a\nit's fine,b\n'so',a\n",
        'text,label\n"it\'s\\\' late",a\n"b",b\nc,c\n',
        "text\n'a\\'s'\n'b'\n",
    ],
)
def test_other_files_are_left_alone(write, text):
    assert read(write("x.csv", text)).notes["format"] == "csv"
