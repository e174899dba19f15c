"""What annotators said, in the words of the book, and how near it is to a label, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.kind import column_kind
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.votes import votes


def ref(labels: Labels, *annotators: str, **stats: Any) -> DataRef:
    roles = Roles(text="text", annotators=list(annotators))
    return DataRef(path=Path(), sources={}, roles=roles, labels=labels, rows={}, content="", stats=stats)


AB = Labels(problem="single_label", names=["a", "b"])


def test_votes_are_called_as_the_books_labels_and_what_says_nothing_is_none() -> None:
    columns = {"x": ["A ", "b", None, "", "?"], "more": [1, 2, 3, 4, 5], "y": ["a", " NaN", "null", "b", "b"]}
    assert votes(columns, ref(AB, "x", "y")) == [["a", "a"], ["b"], [], ["b"], ["?", "b"]]
    assert votes(columns, ref(AB, "gone")) == votes(columns, ref(AB)) == [[]] * 5
    assert votes({}, ref(AB, "x")) == []


def test_numbers_that_are_classes_are_one_however_they_are_held() -> None:
    labels = Labels(problem="single_label", names=["0", "1"])
    columns = {"x": [1.0, float("nan"), 0.0], "y": [1, 0, 1], "z": ["1.0", "0", None]}
    assert votes(columns, ref(labels, "x", "y", "z")) == [["1", "1", "1"], ["0", "0"], ["0", "1"]]


def test_several_labels_a_row_are_one_vote() -> None:
    labels = Labels(problem="multi_label", names=["a", "b", "c"])
    columns = {"x": ["b | A", "c", "", "|"], "y": [["b", None], [], None, ["c", "c"]]}
    found = votes(columns, ref(labels, "x", "y", separator="|"))
    assert found == [[("a", "b"), ("b",)], [("c",), ()], [], [(), ("c",)]]


def test_what_is_no_number_says_nothing_of_a_number() -> None:
    columns = {"x": ["1.5", "much", 2, None], "y": [["3"], ["4", "5"], None, ""]}
    assert votes(columns, ref(Labels(problem="regression"), "x", "y")) == [[1.5, 3.0], [], [2.0], []]


def test_a_column_that_is_called_like_one_of_the_books_own_is_found(tmp_path: Path) -> None:
    lines = [f"a text of number {n},{'ab'[n % 2]},{'ab'[n % 3 % 2]}" for n in range(40)]
    file = tmp_path / "rows.csv"
    file.write_text("text,gold,label\n" + "\n".join(lines), encoding="utf-8")
    data = prepare([file], tmp_path / "data", DataOptions(text="text", label="gold", annotators=["label"]))
    rows = load(data, "train")
    numbers = [int(text.split()[-1]) for text in rows.texts]
    assert votes(rows.other, data) == [["ab"[n % 3 % 2]] for n in numbers]


def test_agreement_in_the_report_is_that_of_the_annotators_wherever_their_columns_stand(tmp_path: Path) -> None:
    lines = [f"a text of number {n},{'ab'[n % 2]},a,a" for n in range(40)]
    file = tmp_path / "rows.csv"
    file.write_text("text,gold,label,pair\n" + "\n".join(lines), encoding="utf-8")
    data = prepare([file], tmp_path / "data", DataOptions(text="text", label="gold", annotators=["label", "pair"]))
    assert data.stats["agreement"] == 1.0
    assert votes(load(data, "test").other, data) == [["a", "a"]] * data.rows["test"]


@pytest.mark.parametrize(
    ("labels", "vote", "target", "near"),
    [
        (AB, "a", 0, 1),
        (AB, "b", 0, 0),
        (AB, "?", 1, 0),
        (Labels(problem="multi_label", names=["a", "b", "c"]), ("a", "b"), [1, 1, 0], 1),
        (Labels(problem="multi_label", names=["a", "b", "c"]), ("a", "c"), [1, 1, 0], 1 / 3),
        (Labels(problem="multi_label", names=["a", "b", "c"]), ("a", "?"), [1, 0, 0], 1 / 2),
        (Labels(problem="multi_label", names=["a", "b", "c"]), (), [0, 0, 1], 0),
        (Labels(problem="multi_label", names=["a", "b", "c"]), (), [0, 0, 0], 1),
        (Labels(problem="ordinal", names=["low", "so", "high"], low=0, high=2), "so", 1.0, 1),
        (Labels(problem="ordinal", names=["low", "so", "high"], low=0, high=2), "so", 2.0, 1 / 2),
        (Labels(problem="ordinal", names=["low", "so", "high"], low=0, high=2), "low", 2.0, 0),
        (Labels(problem="ordinal", names=["low", "so", "high"], low=0, high=2), "?", 1.0, 0),
        (Labels(problem="regression", low=-5, high=5), 2.5, 0.0, 3 / 4),
        (Labels(problem="regression", low=-5, high=5), 9.0, -4.0, 0),
    ],
)
def test_how_near_a_vote_is(labels: Labels, vote: Any, target: Any, near: float) -> None:
    assert column_kind(labels.problem).nearness(vote, np.asarray(target), labels) == pytest.approx(near)
