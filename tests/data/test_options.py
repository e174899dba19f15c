from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunebook.data.options import DataOptions


def test_what_decides_the_side():
    assert DataOptions().parts_by == "random"
    assert DataOptions(group="product").parts_by == "group"
    assert DataOptions(group="product", split_by="time").parts_by == "time"


@pytest.mark.parametrize(
    "wrong", [{"delimiter": ",,"}, {"max_dropped": 2}, {"seed": -1}, {"colour": 1}, {"problem": "x"}]
)
def test_bounds(wrong):
    with pytest.raises(ValidationError):
        DataOptions(**wrong)


def test_options_have_an_id():
    assert DataOptions(clean={"url": True}).id == DataOptions(clean={"url": True}).id != DataOptions().id
