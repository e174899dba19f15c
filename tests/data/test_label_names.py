from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.label_names import (
    absent_marks,
    given_names,
    in_order,
    is_sheet_error,
    known_name,
    looks_like_date,
    tidy_names,
)
from tunebook.data.options import DataOptions


def test_spellings_become_one():
    counts = {"Refund": 2, "refund": 9, "REFUND ": 1, "late \u200b parcel\0": 1, "1": 3, "1.0": 5, "2.50": 1}
    assert tidy_names(counts, merge=True) == {
        "Refund": "refund",
        "refund": "refund",
        "REFUND ": "refund",
        "late \u200b parcel\0": "late parcel",
        "1": "1",
        "1.0": "1",
        "2.50": "2.50",
    }


def test_other_spellings_may_be_refused():
    assert tidy_names({"a": 1, "b": 1, "1.0": 1}, merge=False) == {"a": "a", "b": "b", "1.0": "1"}
    with pytest.raises(DataError) as caught:
        tidy_names({"a": 1, "A": 1}, merge=False)
    assert caught.value.code == "data.label_case"
    assert "'a', 'A'" in caught.value.message


def test_order_is_by_value_or_by_character():
    assert in_order(["10", "9", "-1", "9"]) == ["-1", "9", "10"]
    assert in_order(["b", "10", "a"]) == ["10", "a", "b"]


def test_names_that_the_user_gives():
    assert given_names(["0", "2"], ["joy", "anger", "fear"]) == {"0": "joy", "2": "fear"}
    assert given_names(["a", "Beta"], {"a": "Alpha", "b": "Beta"}) == {"a": "Alpha", "Beta": "Beta"}
    assert DataOptions(label_names=["good\nroom", " bad\u2028 stay"]).label_names == ["good room", "bad stay"]
    assert DataOptions(label_names={"a\n": "x\ty\u200b"}).label_names == {"a\n": "x y"}
    with pytest.raises(DataError) as caught:
        given_names(["0", "7"], ["joy"])
    assert caught.value.code == "data.label_names"
    assert "'7'" in caught.value.message and "given to 0." in caught.value.message
    assert "--label COLUMN" in caught.value.advice, "who gives it the name of the column is told so"


@pytest.mark.parametrize(
    ("names", "given", "merged", "written", "called"),
    [
        (["bad", "good"], None, {}, " Good\u200b ", "good"),
        (["bad", "good"], None, {"fine": "good"}, "fine", "good"),
        (["1", "2"], None, {}, "2.0", "2"),
        (["0.5", "2.50"], None, {}, "2.50", "2.50"),
        (["poor", "fine"], {"0": "poor", "1": "fine"}, {}, "1.0", "fine"),
        (["poor", "fine"], {"no": "poor", "yes": "fine"}, {}, "YES", "fine"),
        (["poor", "fine"], ["poor", "fine"], {}, "0", "poor"),
        (["poor", "fine"], ["poor", "fine"], {}, "Fine", "fine"),
        (["a", "A"], {"0": "a", "1": "A"}, {}, "a", "a"),
        (["bad", "good"], None, {}, " not  sure", "not sure"),
    ],
)
def test_a_label_from_elsewhere_is_called_as_in_the_book(
    names: list[str], given: Any, merged: dict[str, str], written: str, called: str
) -> None:
    data = DataRef(
        path=Path(), sources={}, roles=Roles(text="text"), rows={}, content="",
        labels=Labels(problem="single_label", names=names),
        stats={"preset": {"label_names": given}, "merged_labels": merged},
    )  # fmt: skip
    assert known_name(written, data) == called


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
