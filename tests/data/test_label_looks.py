from __future__ import annotations

import pytest

from tunebook.data.label_looks import absent_marks, is_sheet_error, looks_like_date


def marks(*labels: str, told: list[str] | None = None, coded: bool = False) -> list[str]:
    return absent_marks(dict.fromkeys(labels, 5), told, coded)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("a", "b", "NA", "n/a"), ["NA", "n/a"]),
        (("a", "b", "-"), ["-"]),
        (("a", "b", "?"), ["?"]),
        (("+", "-", "0"), []),
        ((".", "?", ",", "none"), []),
        (("a", "b", "-1"), ["-1"]),
        (("0", "1", "2", "-1"), ["-1"]),
        (("0.0", "1.0", "2.0", "-1.0"), ["-1.0"]),
        (("0", "1", "-1"), []),
        (("-2", "-1", "0", "1", "2"), []),
        (("0", "1", "3", "-1"), []),
        (("EU", "NA"), []),
        (("none", "some"), []),
    ],
)
def test_what_says_that_there_is_no_label(labels: tuple[str, ...], found: list[str]) -> None:
    assert marks(*labels) == found


def test_what_was_told_counts_alone() -> None:
    assert marks("a", "b", "NA", "later", told=["later", "never"]) == ["later"]
    assert marks("a", "b", "NA", "-", told=[]) == []
    assert marks("0", "1", "-1", coded=True) == ["-1"]


def test_what_a_sheet_made_of_a_label() -> None:
    for label in ("#REF!", "#DIV/0!", "#Name?", "Err:502"):
        assert is_sheet_error(label)
    for label in ("#1", "Err", "REF", "#topic!"):
        assert not is_sheet_error(label)
    for label in ("2025-03-04 00:00:00", "2025-03-04T00:00:00", "2025-03-04", "2-Jan", "Mar-01", "3月4日"):
        assert looks_like_date(label)
    for label in ("10+", "1-2", "march", "may", "2025-03-04 12:30:00", "Jan", "Jan 2024"):
        assert not looks_like_date(label)
