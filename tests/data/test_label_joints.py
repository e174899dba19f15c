from __future__ import annotations

import pytest

from tunebook.data.label_joints import find_joints, find_separator


@pytest.mark.parametrize(
    ("counts", "separator"),
    [
        ({"good": 5, "bad": 3}, None),
        ({"a,b": 5, "a": 3, "b": 2, "b,c": 1, "c": 1}, ","),
        ({"a|b": 5, "a": 3, "b": 2}, "|"),
        ({"a|b": 50, "a": 30, "b": 20, "c|a": 40}, "|"),
        ({"a|b": 50, "a": 30, "b": 20, "c|a": 1}, None),
        ({"home#kids": 5, "kids": 3, "home": 2}, "#"),
        ({"home\nkids": 5, "kids": 3, "home": 2}, "\n"),
        ({"喜、怒": 5, "喜": 3, "怒": 2}, "、"),
        ({"3 17": 5, "3": 3, "17": 2}, " "),
        ({"late parcel": 5, "late": 3, "parcel": 2}, None),
        ({"food, drinks": 50, "cars": 30, "sports": 9}, None),
        ({"credit, fees": 50, "debit, fees": 30, "loans": 9}, None),
        ({"C#": 5, "F#": 3, "C": 2}, None),
        ({"R|B": 9, "soul": 8}, None),
        ({"a,b": 1, "a": 300, "b": 200}, None),
    ],
)
def test_a_separator_parts_what_comes_again(counts: dict[str, int], separator: str | None) -> None:
    assert find_separator(counts) == separator


def test_joins_of_classes() -> None:
    slip = find_joints({"a,b": 1, "a": 300, "b": 200})
    assert slip is not None and (slip.separator, slip.joined, slip.sure) == (",", ["a,b"], False)
    words = {"home": 9, "kids": 9, "food": 9}
    sets = find_joints(words | {f"{a} {b}": 3 for a in words for b in words if a != b})
    assert sets is not None and sets.separator == " " and sets.sure and len(sets.joined) == 6
    assert find_joints({"late parcel": 5, "late": 3}) is None
