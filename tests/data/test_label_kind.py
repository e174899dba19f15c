from __future__ import annotations

from typing import Any

import pytest

from tunebook.core.errors import DataError
from tunebook.core.messages import catalogue
from tunebook.data.label_cells import Form
from tunebook.data.label_kind import examples, find_form, find_joints, find_separator, total
from tunebook.data.options import DataOptions


def form(counts: dict[str, int], **options: Any) -> Form:
    return find_form(counts, DataOptions(**options))


def refused(counts: dict[str, int], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        form(counts, **options)
    assert str(caught.value)
    return caught.value


def each(*labels: str) -> dict[str, int]:
    return dict.fromkeys(labels, 9)


SCORES = {f"{n / 2}": 9 for n in range(12)}
COMMAS = {f"{n},{m}": 3 for n in range(1, 6) for m in range(0, 10, 3)}


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (each("good", "bad"), Form("single_label")),
        (each("0", "1", "2", "3", "4"), Form("single_label")),
        (SCORES, Form("regression")),
        ({f"{n}.0": 9 for n in range(12)}, Form("single_label")),
        (each("0.5", "1.0"), Form("single_label")),
        ({"a,b": 5, "a": 3, "b": 2, "b,c": 1, "c": 1}, Form("multi_label", ",")),
        ({'["a", "b"]': 5, "['a']": 3, "[]": 1}, Form("multi_label")),
        ({"[1 4]": 5, "[1]": 3, "[4]": 1}, Form("multi_label")),
        (each("('a',)", "('a', 'b')"), Form("multi_label")),
        (each("['a']", "['b']"), Form("single_label")),
        (each("[0, 1, 1]", "[0, 0, 0]"), Form("multi_label", None, 3)),
        (each("[0.0, 1.0]", "[1.0, 1.0]"), Form("multi_label", None, 2)),
        (each("0 1 1", "1 0 0"), Form("multi_label", " ", 3)),
        (each("0,1,1", "1,0,0"), Form("multi_label", ",", 3)),
        (each("[0, 1, 0]", "[1, 0, 0]"), Form("single_label", None, 3)),
        (each("[0, 1]", "[1]"), Form("multi_label")),
        (each("a", "b", '["a", "b"]'), Form("multi_label")),
        (each("kids", "home", '{"choices":["kids","home"]}'), Form("multi_label")),
        (each("a", "b", "a|b", "[]"), Form("multi_label", "|")),
        (each('{"A": 1, "B": 0}', '{"A": 0, "B": 1}'), Form("single_label")),
        (each('{"A": 1, "B": 1}', '{"A": 0, "B": 1}'), Form("multi_label")),
        (each('{"A": 1, "B": 0}', '{"A": 0, "B": 0}'), Form("multi_label")),
        (COMMAS, Form("regression", decimal=",")),
        (each("0,5", "1,05", "2"), Form("single_label", decimal=",")),
        (each("0,125", "1,250", "2"), Form("single_label", decimal=",")),
        ({"0,6,12": 5, "3,17": 9, "3": 9, "17": 9, "0": 5, "6": 5, "12": 3}, Form("multi_label", ",")),
        (SCORES | {"three": 2}, Form("regression")),
        (SCORES | {"inf": 1}, Form("regression")),
        ({f"{n + 0.5}%": 2 for n in range(12)}, Form("regression")),
        (each("1.5", "two", "three", "2"), Form("single_label")),
        ({f"[{n / 2}]": 9 for n in range(12)}, Form("regression")),
    ],
)
def test_finds_the_form(counts: dict[str, int], found: Form) -> None:
    assert form(counts) == found


@pytest.mark.parametrize(
    ("counts", "options", "found"),
    [
        (COMMAS, {"problem": "regression"}, Form("regression", decimal=",")),
        (each("1", "2", "x"), {"problem": "regression"}, Form("regression")),
        (each("(a)", "[b"), {"problem": "single_label"}, Form("single_label")),
        (each("[0, 1]", "[1, 0]"), {"problem": "single_label"}, Form("single_label", None, 2)),
        (each("[0, 1]", "[1, 0]"), {"problem": "multi_label"}, Form("multi_label", None, 2)),
        (each("['a']", "b", "[]"), {"problem": "single_label"}, Form("single_label")),
        (each("['a']", "[]"), {"problem": "multi_label"}, Form("multi_label")),
        (each("x,y", "z,w"), {"problem": "multi_label"}, Form("multi_label", ",")),
        (each("x y", "x"), {"label_separator": " "}, Form("multi_label", " ")),
        (each("0/1/1", "1/0/0"), {"label_separator": "/"}, Form("multi_label", "/", 3)),
    ],
)
def test_what_is_told_is_taken(counts: dict[str, int], options: dict[str, Any], found: Form) -> None:
    assert form(counts, **options) == found


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        (each("[broken", "a", "b"), "data.label_unread"),
        (each("(other)", "a", "b"), "data.label_unread"),
        (each('{"name": "a"}', '{"name": "b"}'), "data.label_objects"),
        (each('{"A": 0.7, "B": 0.3}', '{"A": 1, "B": 0}'), "data.label_objects"),
        (each('{"A": 1, "B": 0}', "a"), "data.label_objects"),
        (each('[[0, 4, "ITEM"]]', "[]"), "data.label_spans"),
        (each("1,234", "12,500", "987"), "data.label_thousands"),
    ],
)
def test_what_cannot_be_labels_is_refused(counts: dict[str, int], code: str) -> None:
    assert refused(counts).code == code


def test_several_labels_are_not_one() -> None:
    assert refused(each("['a', 'b']", "['a']"), problem="single_label").code == "data.label_several"
    assert refused(each("[0, 1]", "[1, 1]"), problem="single_label").code == "data.label_several"


def test_two_kinds_that_are_as_near_are_shown() -> None:
    words = each("home", "kids", "food")
    joined = refused(words | {f"{a} {b}": 3 for a in words for b in words if a != b})
    assert "18 rows" in joined.message and "--label-separator ' '" in joined.message
    lists = refused({"['a']": 9, "['b']": 9, "[]": 4})
    assert "4 rows" in lists.message and "--problem multi_label" in lists.message
    assert "--problem single_label" in lists.message
    mixed = refused(SCORES | {"three": 40})
    assert "108 rows hold a number" in mixed.message and "40 rows" in mixed.message and "three" in mixed.message
    sets = refused({"0,1": 9, "0,2": 9, "1,2": 9, "0": 9, "1": 9, "2": 9})
    assert "--label-separator ','" in sets.message and "--problem regression" in sets.message
    near = {code.removeprefix("labels.near.") for code in catalogue() if code.startswith("labels.near.")}
    assert len(near) == 8


def test_counts_and_examples() -> None:
    assert total({"a": 1, "b": 4}) == 5
    assert examples({"a": 1, "b": 4, "c" * 60: 2, "d": 1}) == f"b, {'c' * 39}…, a"


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


def test_lists_that_are_all_empty_are_no_labels() -> None:
    assert refused({"[]": 40}).code == "data.labels_empty"
    assert form({"[]": 40}, problem="multi_label") == Form("multi_label", None)
