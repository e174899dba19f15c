from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


def test_a_list_of_data_sets_names_the_files(write):
    listing = {"mine": {"file_name": "a.json", "columns": {}}, "other": {"hf_hub_url": "x/y"}}
    with pytest.raises(DataError) as caught:
        read(write("dataset_info.json", json.dumps(listing)))
    assert (caught.value.code, caught.value.allowed) == ("format.listing", "a.json, x/y")


@pytest.mark.parametrize("content", [{"a": {"text": "x", "label": "y"}, "b": {"file_name": "f"}}, {"file_name": "f"}])
def test_other_objects_are_not(write, content):
    assert read(write("x.json", json.dumps(content))).notes["format"] == "json"
