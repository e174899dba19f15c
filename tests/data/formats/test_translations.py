from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


@pytest.mark.parametrize("row", [{"translation": {"en": "yes", "zh": "是"}}, {"src": "yes", "tgt": "是"}])
def test_texts_in_two_languages_are_refused(write, row):
    with pytest.raises(DataError, match=r"format\.writing"):
        read(write("x.jsonl", json.dumps(row) + "\n"))


def test_a_column_of_that_name_is_not(write):
    assert read(write("x.jsonl", '{"translation": "yes", "label": "good"}\n')).notes["format"] == "jsonl"
