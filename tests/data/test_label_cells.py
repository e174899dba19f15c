from __future__ import annotations

import pytest

from tunebook.data.label_cells import NOTHING, Cell, read_cell


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[1, 2]", ("1", "2")),
        ('["it", null]', ("it",)),
        ("[\"men's\", 'kids', None]", ("men's", "kids")),
        ("('kids',)", ("kids",)),
        ("{'b', 'a'}", ("a", "b")),
        ("[1 4 0]", ("1", "4", "0")),
        ("[0. 1. 1.]", ("0.", "1.", "1.")),
        ("['new' 'old']", ("new", "old")),
        ("['a'\n 'b']", ("a", "b")),
        ("['a', nan]", ("a",)),
        ("['nan bread']", ("nan bread",)),
        ("[true, false]", ("true", "false")),
        ("[ True False]", ("True", "False")),
        ("array(['a', 'b'], dtype=object)", ("a", "b")),
        ("frozenset({'a'})", ("a",)),
        ('{"choices": ["kids", "home"]}', ("kids", "home")),
        ('{"choices": "kids"}', ("kids",)),
        ('[{"choices": ["kids"]}, {"choices": ["home"]}]', ("kids", "home")),
        (r"['\d']", (r"\d",)),
    ],
)
def test_lists_in_all_spellings(text: str, parts: tuple[str, ...]) -> None:
    assert read_cell(text) == Cell("list", parts)


@pytest.mark.parametrize("text", ["[]", "()", "set()", "array([], dtype=object)", "[None]"])
def test_a_list_of_nothing(text: str) -> None:
    assert read_cell(text) == NOTHING


@pytest.mark.parametrize("text", ["plain", "", "C(x)", "array(x)", "a [b]", "3.5"])
def test_words_stay_as_they_are(text: str) -> None:
    assert read_cell(text) == Cell("word", (text,))


@pytest.mark.parametrize(
    "text",
    ["[broken", "(other)", "[a b]", "[0 0 ... 0]", "(1)", "[" * 60_000, "[" * 200_000, "{,}", "[__import__('os')]"],
)
def test_what_begins_with_a_bracket_and_cannot_be_read(text: str) -> None:
    assert read_cell(text).shape == "broken"


def test_objects() -> None:
    assert read_cell('{"POS": 1.0, "NEG": 0.0, "OFF": null}') == Cell("weights", ("POS",))
    assert read_cell("{'POS': True, 'NEG': False}") == Cell("weights", ("POS",))
    assert read_cell('{"POS": 0.7, "NEG": 0.3}').soft
    for text in ('{"name": "neg", "by": 0}', "{}", '{"name": {"a": 1}}'):
        assert read_cell(text).shape == "object"
    places = '{"company": {"Tea Ltd": [[0, 6]]}}'
    for text in ('[[0, 4, "ITEM"]]', '[{"start": 0, "labels": ["X"]}]', "[(1, 2)]", places):
        assert read_cell(text).shape == "spans"
