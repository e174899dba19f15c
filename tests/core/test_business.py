"""Names of the owner's metrics in a book that nobody has opened."""

from pathlib import Path

import pytest

from tunebook.core.business import said_names


@pytest.mark.parametrize(
    ("text", "found"),
    [('[business.profit]\ncolumn = "eur"\n[business.cost]\ncosts = "c.csv"', ["profit", "cost"]),
     ("name = 1", []), ("business = 3", []), ("[business", [])],
)  # fmt: skip
def test_names_are_read_and_a_damaged_book_has_none(text: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(text)
    assert said_names(tmp_path) == found


def test_a_book_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert said_names(tmp_path / "nowhere") == []
