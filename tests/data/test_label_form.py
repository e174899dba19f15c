from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.label_form import Form, bits_of, form_of, label_number, label_parts, number_of, numbers_of


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
