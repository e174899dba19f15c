from __future__ import annotations

import pytest

from tunebook.data.label_kind import as_list, find_kind, number_of, split_label


@pytest.mark.parametrize(
    ("counts", "kind", "separator"),
    [
        ({"good": 5, "bad": 3}, "single_label", None),
        ({str(n): 9 for n in range(5)}, "single_label", None),
        ({f"{n / 2}": 9 for n in range(12)}, "regression", None),
        ({f"{n}.0": 9 for n in range(12)}, "single_label", None),
        ({"0.5": 9, "1.0": 3}, "single_label", None),
        ({"a,b": 5, "a": 3, "b": 2, "b,c": 1, "c": 1}, "multi_label", ","),
        ({"a|b": 5, "a": 3, "b": 2}, "multi_label", "|"),
        ({"喜、怒": 5, "喜": 3, "怒": 2}, "multi_label", "、"),
        ({"3 17": 5, "3": 3, "17": 2}, "multi_label", " "),
        ({"late parcel": 5, "late": 3, "parcel": 2}, "single_label", None),
        ({"food, drinks": 50, "cars": 30, "sports": 9}, "single_label", None),
        ({"credit, fees": 50, "debit, fees": 30, "loans": 9}, "single_label", None),
        ({"a,b": 1, "a": 300, "b": 200}, "single_label", None),
        ({'["a", "b"]': 5, "['a']": 3, "[]": 1}, "multi_label", None),
    ],
)
def test_finds_the_kind(counts, kind, separator):
    assert find_kind(counts) == (kind, separator)


def test_numbers_lists_and_parts():
    assert number_of("1e3") == 1000.0
    assert number_of(" 2 ") == 2.0
    for word in ("nan", "inf", "1_000", "one", ""):
        assert number_of(word) is None
    assert as_list("[1, 2]") == ["1", "2"]
    assert as_list("['it']") == ["it"]
    assert as_list("[broken") is None and as_list("[a b]") is None
    assert split_label("a, b ,,a", ",") == ["a", "b"]
    assert split_label('["a", "a"]', None) == ["a"]
    assert split_label("plain", None) == []
