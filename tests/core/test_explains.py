"""The text of each part of a row."""

from tunebook.core.answers import Rows
from tunebook.core.explains import PASSAGE, TEXT, text_of


def test_the_text_of_each_part() -> None:
    row = Rows(texts=["one"], pairs=["two"], targets=None, ids=["a"], passages=["first", "second"])
    assert [text_of(row, part) for part in (TEXT, "pair", f"{PASSAGE}1")] == ["one", "two", "second"]
    assert text_of(Rows(texts=["one"], pairs=None, targets=None, ids=["a"]), "pair") == ""
