from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions


def test_what_decides_the_side():
    assert DataOptions().parts_by == "random"
    assert DataOptions(group="product").parts_by == "group"
    assert DataOptions(group="product", split_by="time").parts_by == "time"


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"delimiter": ",,"}, "call.option", "delimiter"),
        ({"max_dropped": 2}, "call.option", "<= 1"),
        ({"seed": -1}, "call.option", ">= 0"),
        ({"problem": "x"}, "call.option", "multi_label"),
        ({"text": 5}, "call.option", "str | None"),
        ({"annotators": "a1"}, "call.option", "list of str"),
        ({"clean": {"url": "maybe"}}, "call.option", "{'url': 'maybe'}"),
        ({"colour": 1}, "call.no_option", "text_pair"),
        ({"labels": "x"}, "call.no_option", "Did you mean label?"),
    ],
)
def test_what_does_not_fit_is_told(wrong, code, words):
    with pytest.raises(DataError) as caught:
        DataOptions(**wrong)
    assert caught.value.code == code and caught.value.key == next(iter(wrong))
    assert words in str(caught.value)


def test_options_have_an_id():
    assert DataOptions(clean={"url": True}).id == DataOptions(clean={"url": True}).id != DataOptions().id
