"""What the sections of the owner's metrics may say, and their names in a book that nobody has opened."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tunebook.core.business import Business, check_names, said_names


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


@pytest.mark.parametrize(
    ("given", "sign"),
    [({"costs": "c.csv"}, -1), ({"column": "eur"}, 1), ({"column": "eur", "counts": "wrong"}, -1),
     ({"function": "own.py:worth"}, 1), ({"function": "own.py:worth", "better": "less"}, -1),
     ({"costs": "c.csv", "better": "more"}, 1)],
)  # fmt: skip
def test_which_of_two_values_is_better(given: dict[str, Any], sign: int) -> None:
    assert Business(**given).sign == sign


@pytest.mark.parametrize("given", [{}, {"costs": "c.csv", "column": "eur"}, {"function": "worth"}])
def test_what_is_no_metric(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"needed|FILE\.py:NAME"):
        Business(**given)


def test_names_are_words_that_a_command_line_can_carry() -> None:
    one = Business(column="eur")
    assert check_names({"profit_2": one}) == {"profit_2": one}
    with pytest.raises(ValueError, match="small letters"):
        check_names({"Net profit": one})
