from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.quoting import Quoted, badly_wrapped, hide, protected, show


@pytest.mark.parametrize(
    ("text", "backslash", "found"),
    [
        ('"a ""b""",c\n"d",e\n', False, (2, 0)),
        ('"a \\"b\\" c",d\n', False, (0, 1)),
        ('"a \\"b\\" c",d\n', True, (1, 0)),
        ('"C:\\",d,"e"\n', True, (0, 1)),
        ('a,"b",c', False, (1, 0)),
        ('"open,c', False, (0, 0)),
    ],
)
def test_counts_cells_that_end_as_they_should(text, backslash, found):
    assert badly_wrapped(text, ",", backslash) == found


def test_what_a_backslash_protects():
    assert protected('a,b\n"x \\"y\\" z",1\n', ",") == '"'
    assert protected("a,b\nx\\, y,1\n", ",") == ","
    assert protected("a,b\nx \\, y,1\n", ";") == ""
    assert protected('a,b\n"C:\\",1\n', ",") == ""
    assert protected('a,b\n"$f(x)\\,dx$",1\nplain,2\n', ",") == "", "in quotes it is two characters of the text"
    assert protected('a,b\n"x, y",1\nx\\, y,1\n', ",") == ","


def test_hidden_characters_come_back():
    for text, plain in (
        ('a \\"b\\" c', 'a "b" c'),
        ("a \\\\ b", "a \\ b"),
        ('C:\\new \\"x\\" \\\\y', 'C:\\new "x" \\\\y'),
    ):
        hidden = hide(text.encode(), '"').decode()
        assert '"' not in hidden
        assert show(pa.table({"t": [hidden]}), '"')["t"][0].as_py() == plain


def read(*lines: str) -> tuple[Quoted, list[bool]]:
    plain = np.ones(len(lines), dtype=bool)
    quoted = Quoted(pa.array(lines, pa.large_string()), ",", Path("f.csv"))
    quoted.read(np.array([place for place, line in enumerate(lines) if '"' in line]), plain)
    return quoted, plain.tolist()


def test_rows_over_several_lines_take_those_lines():
    quoted, plain = read("a,b", '"one', "", 'two",x', "c,d", '"e",f,g')
    assert quoted.rows == {2: ([2], [["one\n\ntwo", "x"]]), 3: ([6], [["e", "f", "g"]])}
    assert plain == [True, False, False, False, True, False]


def test_a_cell_of_lines_like_rows_is_read_where_quotes_were_told():
    lines = ["a,b", '"a,b', "c,d", "e,f", 'g,h",x']
    for told in (False, True):
        quoted = Quoted(pa.array(lines, pa.large_string()), ",", Path("f.csv"), told=told)
        if told:
            quoted.read(np.array([1, 4]), np.ones(5, dtype=bool))
            assert quoted.rows == {2: ([2], [["a,b\nc,d\ne,f\ng,h", "x"]])}
        else:
            with pytest.raises(DataError, match=r"data\.quote"):
                quoted.read(np.array([1, 4]), np.ones(5, dtype=bool))


def test_a_quote_that_closes_in_the_middle_of_the_next_line():
    quoted, plain = read('"one,a', '"two, b",c', "three,d")
    assert quoted.opened == [1] and quoted.rows == {2: ([2], [["two, b", "c"]])}
    assert plain == [False, False, True]


def test_sentences_over_lines_are_no_rows_though_they_have_as_many_commas():
    quoted, _ = read("a,b", '"It came late,', "but the staff were kind, and", 'so, we stay",good', "c,d")
    assert quoted.rows == {2: ([2], [["It came late,\nbut the staff were kind, and\nso, we stay", "good"]])}
    with pytest.raises(DataError) as caught:
        read("a,b", '"one,x', "two,y", 'three",z')
    assert caught.value.code == "data.quote" and "line 2 " in caught.value.message


def test_a_quote_that_never_closes():
    with pytest.raises(DataError) as caught:
        read("a,b", '"one,x', "two,y")
    assert caught.value.code == "data.quote" and "line 2 " in caught.value.message
