from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.extra_rows import Cells, set_aside, settled, side_columns
from tunebook.data.heading import Heading

HERE = Path("file.csv")


def table(extra: list[tuple[object, ...]] = (), count: int = 30) -> pa.Table:
    body = [(f"message {n} of the day", ("bad", "good")[n % 2]) for n in range(count)]
    texts, labels = zip(*[*body, *extra], strict=True)
    return pa.table({"text": pa.array(texts, pa.large_string()), "label": pa.array(labels, pa.large_string())})


def aside(data: pa.Table, gaps: tuple[int, ...] = (), names: tuple[str, ...] = ("text", "label")):
    where = np.zeros(data.num_rows, dtype=bool)
    where[list(gaps)] = True
    left, numbers, found = set_aside(data, np.arange(2, data.num_rows + 2), names, where, HERE)
    assert len(numbers) == left.num_rows
    return left.num_rows, found


def test_plain_rows_stay():
    assert aside(table()) == (30, {})
    assert aside(table(), (28,)) == (30, {}), "a blank row before rows like the others"
    assert aside(table().slice(0, 0)) == (0, {})


def test_headings_again():
    assert aside(table([("text", "label")])) == (30, {"heading_again": [32]})
    assert aside(table([("remark", "kind")]), names=("remark", "kind")) == (30, {"heading_again": [32]})
    assert aside(table([("text", "label")]), names=()) == (31, {})
    with pytest.raises(DataError) as caught:
        aside(table([("label", "text")]))
    assert caught.value.code == "data.second_heading" and "32" in caught.value.message


@pytest.mark.parametrize(
    ("row", "is_total"),
    [
        (("Total", "120"), True),
        (("Grand total:", None), True),
        (("合计", "30"), True),
        (("Total", "good"), False),
        (("Totally different words", "17"), False),
        (("average", "bad"), False),
    ],
)
def test_totals(row, is_total):
    assert aside(table([row])) == ((30, {"total": [32]}) if is_total else (31, {}))


def test_a_word_for_a_total_over_a_usual_number_is_data():
    data = pa.table({"text": ["sum", "one", "two", "three"] * 3, "label": [1, 0, 1, 1] * 3})
    assert aside(data) == (12, {})


def test_a_legend_below():
    legend = [("bad", "what is broken"), ("good", "praise")]
    assert aside(table(legend), (30,)) == (30, {"legend": [32, 33]})
    assert aside(table(legend)) == (32, {}), "without a blank row it is data"
    assert aside(table([("one more", "good")]), (30,)) == (31, {})
    assert aside(table([("one more", "good"), *legend]), (30, 31)) == (31, {"legend": [33, 34]})
    assert aside(table([("a note of the one who labelled", None)]), (30,)) == (30, {"legend": [32]})


def test_each_look_is_at_what_the_one_before_it_left():
    rows = [("text", "label"), ("a last note", "good"), ("Total", "31")]
    assert aside(table(rows)) == (31, {"heading_again": [32], "total": [34]})
    assert aside(table([("Total", "30")]), gaps=(30,)) == (30, {"legend": [32]})
    rows = [("text", "label"), ("Total", "30"), ("1", "no good")]
    assert aside(table(rows), gaps=(32,)) == (30, {"heading_again": [32], "legend": [34], "total": [33]})


def test_columns_beside():
    data = table().append_column("c3", pa.array([None] * 30, pa.large_string()))
    names = ("text", "label", "", "class")
    assert side_columns(data, names) == []
    meaning = data.append_column("class", pa.array(["bad", "good", *[""] * 28]))
    assert side_columns(meaning, ()) == side_columns(meaning, names) == ["c3", "class"]
    assert side_columns(meaning, ("text", "label", "calculated", "class")) == [], "a column with a name divides nothing"
    full = data.append_column("more", pa.array([[1]] * 30))
    assert side_columns(full, names) == []


def test_a_single_column_is_left_as_it_is():
    texts = pa.table({"text": ["one", "text", "Total"]})
    assert aside(texts, names=("text",)) == (3, {})


FIVE = pa.table({"text": ["one", "two", "Total"], "label": ["x", "y", "2"]})


def test_faults_are_those_that_there_are():
    rows = np.array([1])
    assert Cells(pa.table({"a": [1]}), rows).faults == {}
    cells = Cells(pa.table({"a": [1]}), rows, ragged={7: 2}, opened=[9])
    assert cells.faults == {"ragged": {7: "2"}, "open_quote": {9: ""}} and cells.read == 3


def test_what_is_no_row_is_set_aside_unless_each_is_to_be_answered():
    cells, heading = Cells(FIVE, np.array([4, 5, 6])), Heading(1, ("text", "label"), 2, titles=(0,))
    found = settled(cells, heading, [1, 3, 4, 5, 6], np.zeros(3, dtype=bool), path=Path("a.csv"), labelled=True)
    assert found.aside == {"total": [6], "title": [1]} and found.rows.tolist() == [4, 5] and found.read == 4
    assert found.notes == {"header": "yes", "header_row": "3"}
    whole = settled(cells, heading, [1, 3, 4, 5, 6], np.zeros(3, dtype=bool), path=Path("a.csv"), labelled=False)
    assert whole.aside == {"title": [1]} and whole.rows.tolist() == [4, 5, 6]


def test_notes_of_a_heading():
    cells, none = Cells(FIVE, np.array([1, 2, 3])), np.zeros(3, dtype=bool)
    assert settled(cells, Heading(), [1], none, path=Path("a"), labelled=False).notes == {"header": "no"}
    again = settled(cells, Heading(0, ("a", "a"), 1), [1], none, path=Path("a"), labelled=False)
    assert again.notes["repeated"] == "a"
