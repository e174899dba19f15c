import re

import pytest
from pydantic import ValidationError

from tunebook.core.params import declarations
from tunebook.core.settings import Settings


def test_warmup_must_end_before_training_does():
    assert Settings(warmup_steps=9, max_steps=10).warmup_steps == 9
    assert Settings(warmup_steps=9).max_steps is None
    assert Settings(max_steps=9).warmup_steps is None
    with pytest.raises(ValidationError, match="warmup_steps = 10 >= max_steps = 10"):
        Settings(warmup_steps=10, max_steps=10)


def test_every_setting_is_described_in_both_languages():
    for item in declarations(Settings):
        assert item.row.text, item.name
        assert re.search(r"[\u4e00-\u9fff]", item.row.zh), item.name


def test_every_default_is_allowed_and_inside_its_search_range():
    Settings(**{item.field: item.default for item in declarations(Settings)})
    for item in declarations(Settings):
        search = item.row.search
        assert search is None or search.low < search.high
        if search is not None and item.default is not None:
            assert search.low <= item.default <= search.high or item.default == 0, item.name


def test_what_lies_in_a_search_range_is_allowed():
    for item in declarations(Settings):
        for value in (item.row.search.low, item.row.search.high) if item.row.search else ():
            Settings(**{item.field: value})
