"""Amounts: points and shares, and what is neither."""

from __future__ import annotations

import pytest

from tunebook.core.amounts import read_amount, read_delta
from tunebook.core.errors import TunebookError


@pytest.mark.parametrize(
    ("text", "found"),
    [("2pt", (0.02, "absolute")), ("2 points", (0.02, "absolute")), ("0.5pts", (0.005, "absolute")),
     ("0.02", (0.02, "absolute")), ("2%", (0.02, "relative")), ("2 ％", (0.02, "relative")),
     ("1点", (0.01, "absolute")), ("3个百分点", (0.03, "absolute")), ("0", (0.0, "absolute"))],
)  # fmt: skip
def test_deltas(text: str, found: tuple[float, str]) -> None:
    value, kind = read_delta(text)
    assert (pytest.approx(value), kind) == found


@pytest.mark.parametrize("text", ["", "much", "2pp%", "-1", "1.2.3pt", "1.2.3%", "%", "2", "1", "100pt", "200%"])
def test_deltas_that_are_none(text: str) -> None:
    with pytest.raises(TunebookError, match=r"cli\.option"):
        read_delta(text)


def test_points_without_their_unit_are_told_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    for language in ("en", "zh"):
        monkeypatch.setenv("TUNEBOOK_LANG", language)
        with pytest.raises(TunebookError) as caught:
            read_delta("2")
        told = caught.value.to_json()
        assert told["allowed"] == "2pt | 2% | 0.02" and "Input" not in str(told) and "--delta" in told["message"]


def test_an_amount_is_told_by_the_name_of_its_option() -> None:
    assert read_amount("--margin", "5pt") == read_amount("--margin", "5%") == read_amount("--margin", "0.05") == 0.05
    with pytest.raises(TunebookError) as caught:
        read_amount("--margin", "wide")
    assert caught.value.key == "--margin"
