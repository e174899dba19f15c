"""Pairs `name=value`."""

from __future__ import annotations

import pytest

from tunebook.core.changes import pair, read_changes
from tunebook.core.errors import TunebookError


def test_pairs_are_read_as_people_type_them() -> None:
    assert pair("--set", " lr ＝ 1e-5=x ") == ("lr", "1e-5=x")
    assert read_changes(["a=1", "b="]) == {"a": "1", "b": ""} and read_changes([]) == {}


@pytest.mark.parametrize("text", ["", "a", "=1", " = "])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(TunebookError, match=r"cli\.option"):
        pair("--set", text)


def test_a_row_given_twice_is_refused() -> None:
    with pytest.raises(TunebookError, match=r"cli\.twice"):
        read_changes(["a=1", " a =2"])
