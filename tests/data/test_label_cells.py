from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.label_cells import (
    NOTHING,
    Cell,
    Form,
    bits_of,
    form_of,
    label_number,
    label_parts,
    number_of,
    numbers_of,
    read_cell,
)


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


def test_numbers() -> None:
    assert number_of("1e3") == 1000.0 and number_of(" 2 ") == 2.0
    assert number_of("\u22121.5") == -1.5 and number_of("45.5%") == 45.5
    for word in ("nan", "inf", "1_000", "one", "", "1,5", "%"):
        assert number_of(word) is None


def test_a_decimal_comma() -> None:
    assert number_of("3,9", ",") == 3.9 and number_of("-0,5", ",") == -0.5 and number_of("4", ",") == 4.0
    assert number_of("1.234,5", ",") == 1234.5
    for word in ("3.9", "1,2,3", "12.34,5", "a,b"):
        assert number_of(word, ",") is None
    assert numbers_of({"1,5": 2, "x": 1}, ",") == {"1,5": 1.5}


SEVERAL, ONE = Form("multi_label"), Form("single_label")


def test_parts() -> None:
    assert label_parts("a, b ,,a", Form("multi_label", ",")) == ["a", "b"]
    assert label_parts("['a', 'b|c']", Form("multi_label", "|")) == ["a", "b|c"]
    assert label_parts("plain", SEVERAL) == ["plain"] and label_parts("", SEVERAL) == label_parts(None, SEVERAL) == []
    assert label_parts(["a", "a", None], SEVERAL) == ["a"]
    assert label_parts({"POS": 1.0, "NEG": 0.0}, SEVERAL) == ["POS"]
    assert (
        label_parts("['a']", ONE) == ["a"] and label_parts("[]", ONE) == ["[]"] and label_parts("a,b", ONE) == ["a,b"]
    )


def test_vectors() -> None:
    assert bits_of("[0, 1.0, true]", None) == (False, True, True) and bits_of("0 1 0", " ") == (False, True, False)
    assert bits_of("0 2", " ") is None and bits_of("word", None) is None
    form = Form("multi_label", None, positions=3)
    assert label_parts("[0, 1, 1]", form) == ["1", "2"] and label_parts([0, 0, 0], form) == []
    assert label_parts("['a']", form) == ["a"], "names in place of a vector are names"
    assert label_parts("0 0 1", Form("single_label", " ", positions=3)) == ["2"]


def test_numbers_of_cells() -> None:
    assert label_number("[2.5]", Form("regression")) == 2.5
    assert label_number("2,5", Form("regression", decimal=",")) == 2.5
    assert label_number("", Form("regression")) is None and label_number("x", Form("regression")) is None


@pytest.mark.parametrize("form", [Form("multi_label", "|"), Form("single_label", " ", positions=3)])
def test_the_figures_of_prepared_rows_hold_it(form: Form) -> None:
    labels = Labels(problem=form.problem, names=["a", "b"])
    data = DataRef(path=Path(), sources={}, roles=Roles(text="t"), labels=labels, rows={}, content="", stats=form.facts)
    assert form_of(data) == form
    older = data.model_copy(update={"stats": {"separator": "|"}})
    assert form_of(older) == Form(form.problem, "|")
