"""What a text says that its source does not, by hand."""

from __future__ import annotations

import pytest
from numpy.testing import assert_array_equal

from tunebook.tasks.writing.source import from_source, has, said_things


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 2019 the team of Anna Berg sold 1,200 boats.", ["2019", "1,200", "anna berg"]),
        ("The Hague is a city. Paris too, and Rome.", ["rome"]),  # what begins a sentence may be any word
        ('He said "so be it" on 2020-05-01.', ["2020-05-01", "so be it"]),
        ("采用BERT-base模型，准确率达到９５.２％，发表于《自然》。", ["95.2", "bert-base", "自然"]),
        ("H2O 与 COVID-19 的研究", ["h2o", "covid-19"]),
        ("nothing of the kind", []),
        ("", []),
    ],
)
def test_things_are_found_by_their_form(text: str, found: list[str]) -> None:
    assert said_things(text) == found


@pytest.mark.parametrize(
    ("source", "thing", "there"),
    [
        ("sold 1,200 boats", "1,200", True),
        ("sold 11,200 boats", "1,200", False),
        ("in 2019.", "2019", True),
        ("pi is 3.14", "3", False),
        ("Annabel came", "anna", False),
        ("ANNA came", "anna", True),
        ("１２３人", "123", True),
        ("发表于自然杂志", "自然", True),
        ("使用BERT模型", "bert", True),
    ],
)
def test_a_thing_is_there_where_it_stands_alone(source: str, thing: str, there: bool) -> None:
    assert has(source, thing) == there


def test_things_are_counted_row_by_row() -> None:
    said, sources = ["of 2019 and Anna", "none", "of 7"], ["Anna in 2018", "x", "7 times"]
    assert_array_equal(from_source(said, sources), [[1, 2], [0, 0], [1, 1]])
