"""What is frozen is found again, wherever its folder stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import small

from tunebook.core.errors import DataError
from tunebook.data.frozen import open_data
from tunebook.data.prepare import prepare


def test_a_folder_that_was_moved_is_the_same_data(tmp_path: Path) -> None:
    made = prepare([small.write_csv(tmp_path / "rows.csv", 60)], tmp_path / "data")
    shutil.move(tmp_path / "data", tmp_path / "other")
    found = open_data(tmp_path / "other")
    assert found.content == made.content and found.path == tmp_path / "other"


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_data(tmp_path)
    assert caught.value.code == "data.not_prepared"
