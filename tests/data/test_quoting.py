from __future__ import annotations

import pyarrow as pa
import pytest

from tunebook.data.quoting import badly_wrapped, hide, protected, show


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


def test_hidden_characters_come_back():
    for text, plain in (
        ('a \\"b\\" c', 'a "b" c'),
        ("a \\\\ b", "a \\ b"),
        ('C:\\new \\"x\\" \\\\y', 'C:\\new "x" \\\\y'),
    ):
        hidden = hide(text.encode(), '"').decode()
        assert '"' not in hidden
        assert show(pa.table({"t": [hidden]}), '"')["t"][0].as_py() == plain
