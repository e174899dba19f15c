"""Where a test stands: see tests/web/test_ab.py for what its runs leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import BookError
from tunebook.verbs.abtest.standing import read_plan_of
from tunebook.verbs.steps.book import Book


def test_a_test_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"file\.missing"):
        read_plan_of(Book(tmp_path), "none")
